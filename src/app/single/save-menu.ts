// Takes the answer along: six formats as files, and a link that asks the same again.
import { css, html, type TemplateResult } from "lit";
import { toMnerError } from "../../core/mner-error.js";
import type { MnerQg } from "../../element/mner-qg.js";
import { saveFile } from "../save-file.js";
import { PagePart } from "../shell/page-part.js";
import type { AppState } from "../state/state.js";
import { controls } from "../styles/controls.js";
import { icons } from "../styles/icons.js";

interface Format {
  readonly name: string;
  readonly ending: string;
  readonly type: string;
  write(element: MnerQg): string | Blob | Promise<string | Blob>;
}

const asJson = (value: unknown): string => `${JSON.stringify(value, null, 2)}\n`;

const formats: readonly Format[] = [
  { name: "JSON", ending: "json", type: "application/json", write: (element) => asJson(element.toJSON()) },
  { name: "CoNLL", ending: "conll", type: "text/plain", write: (element) => element.toCoNLL() },
  {
    name: "Web Annotation",
    ending: "jsonld",
    type: "application/ld+json",
    write: async (element) => asJson(await element.toWebAnnotation()),
  },
  {
    name: "COCO",
    ending: "coco.json",
    type: "application/json",
    write: async (element) => asJson(await element.toCOCO()),
  },
  { name: "SVG", ending: "svg", type: "image/svg+xml", write: (element) => element.toSVG() },
  { name: "PNG", ending: "png", type: "image/png", write: (element) => element.toPNG() },
];

export class SaveMenu extends PagePart {
  protected readonly reads: readonly (keyof AppState)[] = ["photo"];

  static override styles = [
    controls,
    css`
      :host {
        flex: 0 1 auto;
        max-inline-size: 20rem;
      }
      details[open] summary {
        margin-block-end: 0.6rem;
      }
      .row button {
        font-size: 0.875rem;
      }
      p {
        margin-block-start: 0.5rem;
      }
    `,
  ];

  protected override render(): TemplateResult {
    const own = this.state.photo?.kind === "own";
    return html`<details>
      <summary>Save or share</summary>
      <div class="row">
        ${formats.map((format) => html`<button type="button" @click=${() => void this.#save(format)}>${format.name}</button>`)}
      </div>
      <p><button type="button" @click=${() => void this.#copyLink()}>${icons.link}Copy a link</button></p>
      <p class="small soft">The link holds the text and the settings${own ? ", not your photo" : ""}.</p>
    </details>`;
  }

  async #save({ ending, type, write }: Format): Promise<void> {
    const { element } = this.app;
    if (!element) return;
    try {
      saveFile(await write(element), `mner-qg.${ending}`, type);
    } catch (error) {
      this.app.say(toMnerError(error).message, "trouble");
    }
  }

  async #copyLink(): Promise<void> {
    try {
      await navigator.clipboard.writeText(this.app.link);
      this.app.say("The link is in the clipboard.");
    } catch {
      this.app.say(`The clipboard is not open to this page. The link is: ${this.app.link}`);
    }
  }
}

customElements.define("save-menu", SaveMenu);
