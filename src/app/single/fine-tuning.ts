// For those who want more than the first answer: own questions, how sure a name must be, names within names, and what the
// device computes on.
import { css, html, type TemplateResult } from "lit";
import { percent } from "../shell/figures.js";
import { backendNames } from "../shell/model-status.js";
import { PagePart } from "../shell/page-part.js";
import type { AppState, BackendChoice } from "../state/state.js";
import { controls } from "../styles/controls.js";

const choices: readonly (readonly [choice: BackendChoice, name: string])[] = [
  ["auto", "Automatic"],
  ["webgpu", `${backendNames.webgpu} (graphics card)`],
  ["wasm", `${backendNames.wasm} (processor)`],
  ["webgl", `${backendNames.webgl} (graphics card)`],
  ["cpu", `${backendNames.cpu} (slow)`],
];
/** Of the sliders' middle, when the model has not said its own yet. */
const USUAL_THRESHOLD = 0.5;

export class FineTuning extends PagePart {
  protected readonly reads: readonly (keyof AppState)[] = [
    "threshold",
    "nested",
    "backend",
    "model",
    "notices",
    "queries",
  ];

  static override styles = [
    controls,
    css`
      .card {
        padding-block: 0.9rem;
      }
      .fields {
        display: grid;
        gap: 1.1rem;
        padding-block: 1rem 0.35rem;
      }
      .field {
        display: grid;
        gap: 0.35rem;
      }
      input[type="range"] {
        inline-size: 100%;
        margin: 0;
        min-block-size: 1.75rem;
      }
      output {
        font-variant-numeric: tabular-nums;
      }
      .check {
        display: flex;
        gap: 0.6rem;
        align-items: baseline;
      }
      .check input {
        inline-size: 1.05rem;
        block-size: 1.05rem;
        translate: 0 0.15rem;
      }
      ul {
        margin: 0;
        padding-inline-start: 1.1rem;
      }
    `,
  ];

  protected override render(): TemplateResult {
    const { threshold, nested, backend, model, notices } = this.state;
    const own = model.kind === "ready" ? model.threshold : USUAL_THRESHOLD;
    const shown = threshold ?? own;
    return html`<details class="card">
      <summary>Fine tuning</summary>
      <div class="fields">
      <div class="field">
        <div class="row spread">
          <label for="threshold">How sure a name must be</label>
          <output for="threshold" class="small">${percent(shown)}</output>
        </div>
        <input
          id="threshold"
          type="range"
          min="0.05"
          max="0.95"
          step="0.05"
          .value=${String(shown)}
          aria-valuetext=${percent(shown)}
          @change=${this.#thresholdChanged}
        />
        <p class="small soft">${threshold === null ? "As the model recommends." : html`<button type="button" class="bare" @click=${() => this.app.setThreshold(null)}>Back to what the model recommends</button>`}</p>
      </div>
      <div class="check">
        <input id="nested" type="checkbox" .checked=${nested} @change=${this.#nestedChanged} />
        <label for="nested">Keep names inside other names</label>
      </div>
      <div class="field">
        <label for="backend">Computes on</label>
        <select id="backend" @change=${this.#backendChanged}>
          ${choices.map(([choice, name]) => html`<option value=${choice} ?selected=${choice === backend}>${name}</option>`)}
        </select>
        ${notices.length > 0 ? html`<ul class="small soft">${notices.map(({ message }) => html`<li>${message}</li>`)}</ul>` : null}
      </div>
      </div>
    </details>`;
  }

  // On change, not on input: each value is a new run.
  readonly #thresholdChanged = (event: Event): void =>
    this.app.setThreshold(Number((event.target as HTMLInputElement).value));

  readonly #nestedChanged = (event: Event): void => this.app.setNested((event.target as HTMLInputElement).checked);

  readonly #backendChanged = (event: Event): void =>
    this.app.setBackend((event.target as HTMLSelectElement).value as BackendChoice);
}

customElements.define("fine-tuning", FineTuning);
