// How long each stage of the last run took, as one bar and in figures; and what it ran on.
import { css, html, LitElement, type TemplateResult } from "lit";
import type { AnalysisResult, Timings } from "../../core/results.js";
import { setStyle } from "../../element/set-style.js";
import { milliseconds } from "../shell/figures.js";
import { backendNames } from "../shell/model-status.js";
import { controls } from "../styles/controls.js";
import { icons } from "../styles/icons.js";

type Stage = Exclude<keyof Timings, "total">;

const stages: readonly (readonly [stage: Stage, name: string])[] = [
  ["queued", "Waiting"],
  ["tokenise", "Cutting up the text"],
  ["decodeImage", "Opening the photo"],
  ["imageTrunk", "Looking at the photo"],
  ["network", "Asking the questions"],
  ["decode", "Writing the answers"],
];

export class StageTimes extends LitElement {
  static override properties = {
    result: { attribute: false },
    stored: { type: Boolean },
    running: { type: Boolean },
    run: { attribute: false },
  };
  declare result: AnalysisResult;
  declare stored: boolean;
  declare running: boolean;
  declare run: () => void;

  static override styles = [
    controls,
    css`
      :host {
        font-size: 0.875rem;
      }
      .head {
        min-block-size: 2.25rem;
      }
      .bar {
        display: flex;
        gap: 2px;
        block-size: 8px;
        margin-block: 0.4rem 0.6rem;
        border-radius: 4px;
        overflow: hidden;
        background: var(--line);
      }
      .bar span {
        min-inline-size: 1px;
        background: var(--ink);
        opacity: var(--shade);
      }
      dl {
        display: grid;
        grid-template-columns: auto 1fr auto;
        gap: 0.15rem 0.6rem;
        max-inline-size: 24rem;
        margin: 0;
      }
      dl div {
        display: grid;
        grid-template-columns: subgrid;
        grid-column: 1 / -1;
        align-items: center;
      }
      dt {
        grid-column: 2;
      }
      dd {
        margin: 0;
        text-align: end;
        font-variant-numeric: tabular-nums;
      }
      .key {
        grid-row: 1;
        inline-size: 0.75rem;
        block-size: 0.75rem;
        border-radius: 3px;
        background: var(--ink);
        opacity: var(--shade);
      }
      details[open] summary {
        margin-block-end: 0.5rem;
      }
    `,
  ];

  protected override render(): TemplateResult {
    const { result, stored } = this;
    const { timings, backend, model } = result;
    if (stored) {
      return html`<div class="row head">
        <span class="soft">An answer stored with the page, given by ${model.name} ${model.version}.</span>
        <button type="button" @click=${this.run}>${icons.play}Run it here</button>
      </div>`;
    }
    if (this.running) return html`<p class="row head soft">Reading…</p>`;
    const cached = result.image !== null && timings.imageTrunk === 0;
    return html`<details>
      <summary>${milliseconds(timings.total)} on ${backendNames[backend]}${cached ? ", photo known already" : ""}</summary>
      <div class="bar" aria-hidden="true">
        ${stages.map(([stage], index) => html`<span ${setStyle({ "flex-grow": String(timings[stage]), "--shade": shade(index) })}></span>`)}
      </div>
      <dl>
        ${stages.map(
          ([stage, name], index) => html`<div>
            <dt>${name}</dt>
            <dd>${milliseconds(timings[stage])}</dd>
            <span class="key" aria-hidden="true" ${setStyle({ "--shade": shade(index) })}></span>
          </div>`,
        )}
      </dl>
      <p class="soft">Model: ${model.name} ${model.version}</p>
    </details>`;
  }
}

/** Six shades of one ink: told apart by order as well, since bar and list are in the same one. */
function shade(index: number): string {
  return String(0.25 + 0.15 * ((index * 2) % 6));
}

customElements.define("stage-times", StageTimes);
