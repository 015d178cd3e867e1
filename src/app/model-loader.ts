// Holds one engine for the whole page, loaded before anybody asks, so that the first own tweet does not have to wait.
// <mner-qg> and the batch view share it: the engine counts its holders.

import { MnerError, toMnerError } from "../core/mner-error.js";
import type { Notice } from "../core/results.js";
import { loadEngine } from "../element/engine-loader.js";
import type { Analyzer } from "../engine/analyzer.js";
import { modelAddress } from "./model-address.js";
import type { BackendChoice, ModelState } from "./state/state.js";

export interface ModelListener {
  modelChanged(model: ModelState): void;
  noticed(notice: Notice): void;
}

export class ModelLoader {
  readonly #listener: ModelListener;
  #abort: AbortController | null = null;
  #analyzer: Promise<Analyzer> | null = null;
  #backend: BackendChoice | null = null;

  constructor(listener: ModelListener) {
    this.#listener = listener;
  }

  /** The engine for this backend, loaded now if need be. */
  load(backend: BackendChoice): Promise<Analyzer> {
    if (this.#analyzer && this.#backend === backend) return this.#analyzer;
    this.#letGo();
    const abort = new AbortController();
    this.#abort = abort;
    this.#backend = backend;
    const analyzer = this.#create(backend, abort.signal);
    this.#analyzer = analyzer;
    analyzer.catch((thrown: unknown) => {
      if (this.#analyzer !== analyzer) return;
      // Forgotten, so that the next call tries again.
      this.#analyzer = null;
      this.#listener.modelChanged({ kind: "failed", error: toMnerError(thrown) });
    });
    return analyzer;
  }

  #letGo(): void {
    this.#abort?.abort(new MnerError("aborted", "Another backend was chosen."));
    this.#analyzer?.then((analyzer) => analyzer.dispose()).catch(() => {});
    this.#analyzer = null;
  }

  async #create(backend: BackendChoice, signal: AbortSignal): Promise<Analyzer> {
    this.#listener.modelChanged({ kind: "loading", progress: null });
    const { createAnalyzer } = await loadEngine();
    const analyzer = await createAnalyzer({
      model: modelAddress(),
      backend,
      signal,
      onProgress: (progress) => {
        if (!signal.aborted) this.#listener.modelChanged({ kind: "loading", progress });
      },
      onNotice: (notice) => this.#listener.noticed(notice),
    });
    const { name, version, queries, threshold } = analyzer.model;
    if (!signal.aborted) {
      this.#listener.modelChanged({ kind: "ready", backend: analyzer.backend, name, version, queries, threshold });
    }
    return analyzer;
  }
}
