// Examples to click: their photos, small.
import { css, html, type TemplateResult } from "lit";
import { type Example, examples, photoAddress } from "../examples/examples.js";
import { PagePart } from "../shell/page-part.js";
import type { AppState } from "../state/state.js";
import { controls } from "../styles/controls.js";

export class ExampleStrip extends PagePart {
  protected readonly reads: readonly (keyof AppState)[] = ["photo"];

  static override styles = [
    controls,
    css`
      ul {
        display: grid;
        grid-template-columns: repeat(5, minmax(0, 1fr));
        gap: 0.5rem;
        margin: 0;
        padding: 0;
        list-style: none;
      }
      button {
        display: grid;
        grid-template-columns: minmax(0, 1fr);
        inline-size: 100%;
        gap: 0.2rem;
        padding: 3px;
        border-color: transparent;
        border-radius: 12px;
        font-size: 0.8125rem;
        font-weight: 500;
        color: var(--soft);
        background: none;
      }
      button[aria-pressed="true"] {
        color: var(--ink);
        border-color: var(--ink);
      }
      img {
        display: block;
        inline-size: 100%;
        aspect-ratio: 4 / 3;
        block-size: auto;
        object-fit: cover;
        border-radius: 9px;
        background: var(--sunken);
      }
    `,
  ];

  protected override render(): TemplateResult {
    return html`<ul aria-label="Examples">
      ${examples.map((example) => html`<li>${this.#button(example)}</li>`)}
    </ul>`;
  }

  #button(example: Example): TemplateResult {
    const { photo } = this.state;
    const shown = photo?.kind === "example" && photo.example === example.id;
    return html`<button type="button" aria-pressed=${shown} @click=${() => this.#open(example)}>
      <img src=${photoAddress(example)} alt="" width=${example.width} height=${example.height} decoding="async" />
      ${example.title}
    </button>`;
  }

  #open(example: Example): void {
    this.app
      .openExample(example)
      .catch(() => this.app.say("The example could not be loaded. Try again with a network.", "trouble"));
  }
}

customElements.define("example-strip", ExampleStrip);
