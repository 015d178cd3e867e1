// How the model stands, in one line: what is being done and how far it is, what it runs on, and whether it works offline.
import { css, html, nothing, type TemplateResult } from "lit";
import type { Progress } from "../../engine/analyzer.js";
import type { AppState, ModelState } from "../state/state.js";
import { controls } from "../styles/controls.js";
import { icons } from "../styles/icons.js";
import { megabytes } from "./figures.js";
import { PagePart } from "./page-part.js";

const stages: Readonly<Record<Exclude<Progress["stage"], "download">, string>> = {
  manifest: "Looking for the model",
  decode: "Unpacking the model",
  compile: "Preparing this device",
  "self-test": "Checking the model",
  ready: "Ready",
};

function stageWords(progress: Progress | null): string {
  if (!progress) return "Loading the engine";
  const { stage, loadedBytes, totalBytes } = progress;
  if (stage !== "download") return stages[stage];
  return `Loading the model: ${megabytes(loadedBytes)} of ${megabytes(totalBytes)} MB`;
}

export const backendNames = { webgpu: "WebGPU", webgl: "WebGL", wasm: "WebAssembly", cpu: "plain JavaScript" } as const;

export class ModelStatus extends PagePart {
  protected readonly reads: readonly (keyof AppState)[] = ["model", "offline"];

  static override styles = [
    controls,
    css`
      :host {
        font-size: 0.875rem;
      }
      .line {
        display: flex;
        align-items: center;
        gap: 0.4rem 0.9rem;
        min-block-size: 2.25rem;
        color: var(--soft);
      }
      .loading {
        display: grid;
        align-content: center;
        gap: 0.3rem;
        min-block-size: 2.25rem;
        color: var(--soft);
        font-variant-numeric: tabular-nums;
      }
      .fact {
        display: inline-flex;
        align-items: center;
        gap: 0.3em;
      }
      .fact svg {
        inline-size: 1.1em;
        block-size: 1.1em;
      }
      .good {
        color: var(--good);
      }
    `,
  ];

  protected override render(): TemplateResult {
    const { model, offline } = this.state;
    return html`${this.#line(model)}<div class="quiet" role="status">${spoken(model, offline.kind === "ready")}</div>`;
  }

  #line(model: ModelState): TemplateResult {
    if (model.kind === "waiting") {
      return html`<div class="line"><button type="button" @click=${this.#load}>Load the model</button></div>`;
    }
    if (model.kind === "loading") {
      const words = stageWords(model.progress);
      return html`<div class="loading">
        <span aria-hidden="true">${words}</span>
        <progress max="1" value=${model.progress?.fraction ?? nothing} aria-label=${words}></progress>
      </div>`;
    }
    if (model.kind === "failed") {
      return html`<div class="line"><span class="bad">The model is not loaded.</span><button type="button" @click=${this.#load}>Try again</button></div>`;
    }
    const offline = this.state.offline.kind === "ready";
    return html`<div class="line">
      <span class="fact good">${icons.check}Ready on ${backendNames[model.backend]}</span>
      ${offline ? html`<span class="fact good">${icons.check}Ready offline</span>` : nothing}
    </div>`;
  }

  readonly #load = (): void => {
    this.app.loadModel().catch(() => {});
  };
}

/** Progress is drawn, not spoken; only its ends are news. */
function spoken(model: ModelState, offline: boolean): string {
  if (model.kind === "ready") return offline ? "The model is ready, also offline." : "The model is ready.";
  return model.kind === "failed" ? model.error.message : "";
}

customElements.define("model-status", ModelStatus);
