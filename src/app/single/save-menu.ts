// Takes the answer along: six formats as files, and a link that asks the same again.
import { css, html, nothing, type TemplateResult } from "lit";
import { toMnerError } from "../../core/mner-error.js";
import { escapeXml } from "../../element/exports/paint-svg.js";
import type { MnerQg } from "../../element/mner-qg.js";
import { saveFile } from "../save-file.js";
import { PagePart } from "../shell/page-part.js";
import type { AppState } from "../state/state.js";
import { controls } from "../styles/controls.js";
import { icons } from "../styles/icons.js";

/** Of this build. */
declare const __MNER_QG_VERSION__: string;

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
  protected readonly reads: readonly (keyof AppState)[] = ["photo", "askedText", "nested", "threshold"];

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
      p,
      .ways {
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
      <div class="row ways">
        <button type="button" @click=${() => void this.#copy("The link", this.app.link)}>${icons.link}Copy a link</button>
        <button type="button" @click=${() => void this.#copyPicture()}>Copy the picture</button>
        <button type="button" @click=${() => void this.#copy("The answer", asJson(this.app.element?.toJSON()))}>Copy the JSON</button>
        <button type="button" @click=${() => void this.#copy("The code for your page", this.#embedCode())}>Copy embed code</button>
        ${"share" in navigator ? html`<button type="button" @click=${() => void this.#share()}>Share…</button>` : nothing}
      </div>
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

  async #copy(what: string, words: string): Promise<void> {
    try {
      await navigator.clipboard.writeText(words);
      this.app.say(`${what} is in the clipboard.`);
    } catch {
      this.app.say(`The clipboard is not open to this page. Here it is: ${words.slice(0, 500)}`);
    }
  }

  async #copyPicture(): Promise<void> {
    try {
      const picture = this.app.element!.toPNG();
      // Given as a promise: by the time it is painted, the press that allows copying may be too long ago.
      await navigator.clipboard.write([new ClipboardItem({ "image/png": picture })]);
      this.app.say("The picture is in the clipboard.");
    } catch (error) {
      this.app.say(`The picture was not copied: ${toMnerError(error).message} Save it as PNG instead.`, "trouble");
    }
  }

  /** The same text and questions for a page of one's own. The photo is named; a page has to bring the file itself. */
  #embedCode(): string {
    const { askedText, photo, nested, threshold } = this.state;
    const alt = photo?.kind === "example" ? photo.alt : "";
    const photoTag = photo ? `\n  <img src="${escapeXml(photo.name)}" alt="${escapeXml(alt)}">` : "";
    const settings = `${nested ? " nested" : ""}${threshold === null ? "" : ` threshold="${threshold}"`}`;
    return `<script type="module" src="https://cdn.jsdelivr.net/npm/mner-qg@${__MNER_QG_VERSION__}/dist/mner-qg.js"></script>
<mner-qg${settings}>${photoTag}
  ${escapeXml(askedText)}
</mner-qg>
`;
  }

  async #share(): Promise<void> {
    try {
      const file = new File([await this.app.element!.toPNG()], "mner-qg.png", { type: "image/png" });
      const data = { title: "MNER-QG", text: this.state.askedText, url: this.app.link };
      const withFile = { ...data, files: [file] };
      await navigator.share(navigator.canShare?.(withFile) ? withFile : data);
    } catch (error) {
      // Closed by the reader: nothing to say.
      if (!(error instanceof DOMException && error.name === "AbortError")) {
        this.app.say(`It was not shared: ${toMnerError(error).message}`, "trouble");
      }
    }
  }
}

customElements.define("save-menu", SaveMenu);
