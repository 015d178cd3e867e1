// Runs a tag's analyses: one at a time, the newest wins, and nothing goes on for a tag that has left the page. Knows no DOM.

import { abortError, orAborted, throwIfAborted } from "../core/abort.js";
import { MnerError, type MnerErrorCode, toMnerError } from "../core/mner-error.js";
import type { AnalysisResult, BackendName } from "../core/results.js";
import type { AnalyzeRequest, Analyzer, Progress } from "../engine/analyzer.js";
import { loadEngine } from "./engine-loader.js";

export type Phase =
  | { readonly kind: "idle" }
  | { readonly kind: "loading"; readonly progress: Progress | null }
  /** The share of a long text that is read. */
  | { readonly kind: "analysing"; readonly fraction?: number }
  | { readonly kind: "done" }
  | { readonly kind: "error"; readonly error: MnerError };

export interface EngineChoice {
  readonly model: string | undefined;
  readonly backend: "auto" | BackendName;
  readonly system?: string | undefined;
}

export interface AnalysisListener {
  phaseChanged(phase: Phase): void;
  progressed(progress: Progress): void;
  ready(analyzer: Analyzer): void;
  finished(result: AnalysisResult): void;
  /** What is found of a long text so far. */
  found(result: AnalysisResult): void;
  /** The photo could not be used; the text is analysed alone. */
  photoRefused(error: MnerError): void;
}

interface Holding {
  readonly key: string;
  readonly analyzer: Promise<Analyzer>;
  readonly abort: AbortController;
}

export class Analysis {
  phase: Phase = { kind: "idle" };
  readonly #listener: AnalysisListener;
  #holding: Holding | null = null;
  #running: AbortController | null = null;

  constructor(listener: AnalysisListener) {
    this.#listener = listener;
  }

  get isRunning(): boolean {
    return this.#running !== null;
  }

  async run(choice: EngineChoice, request: AnalyzeRequest, outer?: AbortSignal): Promise<AnalysisResult> {
    this.cancel("A newer request of the same tag took its place.");
    const own = new AbortController();
    this.#running = own;
    const follow = (): void => own.abort(outer?.reason);
    if (outer?.aborted) follow();
    outer?.addEventListener("abort", follow);
    try {
      this.#enter({ kind: "loading", progress: null });
      const analyzer = await orAborted(this.#acquire(choice), own.signal);
      this.#enter({ kind: "analysing" });
      const signal = own.signal;
      const onPartial = (result: AnalysisResult, fraction: number): void => {
        if (this.#running !== own) return;
        this.#listener.found(result);
        this.#enter({ kind: "analysing", fraction });
      };
      const result = await orAborted(this.#ask(analyzer, { ...request, signal, onPartial }), signal);
      throwIfAborted(signal);
      this.#leave(own, { kind: "done" });
      this.#listener.finished(result);
      return result;
    } catch (thrown) {
      const error = own.signal.aborted ? abortError(own.signal) : toMnerError(thrown);
      this.#leave(own, error.code === "aborted" ? { kind: "idle" } : { kind: "error", error });
      throw error;
    } finally {
      outer?.removeEventListener("abort", follow);
    }
  }

  /** Ends what is running; its promise rejects as `aborted`. */
  cancel(why = "The request was aborted."): void {
    const running = this.#running;
    this.#running = null;
    running?.abort(new MnerError("aborted", why));
  }

  /** Forgets results and errors, for example because the text changed. */
  reset(): void {
    if (!this.#running) this.#enter({ kind: "idle" });
  }

  /** Shows a failure that did not come from a run. */
  fail(error: MnerError): void {
    this.#enter({ kind: "error", error });
  }

  /** Lets go of the engine; the last tag that does so frees it. */
  release(): void {
    this.cancel("The tag left the page.");
    const holding = this.#holding;
    this.#holding = null;
    if (!holding) return;
    holding.abort.abort();
    holding.analyzer.then((analyzer) => analyzer.dispose()).catch(() => {});
  }

  #acquire({ model, backend, system }: EngineChoice): Promise<Analyzer> {
    const key = `${backend} ${system ?? ""} ${model ?? ""}`;
    if (this.#holding?.key === key) return this.#holding.analyzer;
    const before = this.#holding;
    const abort = new AbortController();
    const analyzer = this.#create({ model, backend, system }, abort.signal);
    const holding: Holding = { key, analyzer, abort };
    this.#holding = holding;
    // The old engine goes only when the new one is asked for, so that a shared one never falls to zero in between.
    before?.abort.abort();
    before?.analyzer.then((old) => old.dispose()).catch(() => {});
    analyzer.then(
      (ready) => this.#holding === holding && this.#listener.ready(ready),
      // A failed load is forgotten, so that the next run tries again.
      () => {
        if (this.#holding === holding) this.#holding = null;
      },
    );
    return analyzer;
  }

  /** A photo that cannot be used takes nothing from the text: its names are found without it, and the reader is told why. */
  async #ask(analyzer: Analyzer, request: AnalyzeRequest): Promise<AnalysisResult> {
    const result = await analyzer.analyze(request);
    const fault = request.image && !result.image ? result.notices.find(({ code }) => code.startsWith("image-")) : null;
    if (fault && !request.signal?.aborted) {
      this.#listener.photoRefused(new MnerError(fault.code as MnerErrorCode, fault.message));
    }
    return result;
  }

  async #create({ model, backend, system }: EngineChoice, signal: AbortSignal): Promise<Analyzer> {
    const { createAnalyzer } = await loadEngine();
    throwIfAborted(signal);
    return createAnalyzer({
      model,
      backend,
      ...(system ? { system } : {}),
      signal,
      onProgress: (progress) => {
        if (signal.aborted) return;
        if (this.phase.kind === "loading") this.#enter({ kind: "loading", progress });
        this.#listener.progressed(progress);
      },
    });
  }

  #enter(phase: Phase): void {
    this.phase = phase;
    this.#listener.phaseChanged(phase);
  }

  /** Only the newest run may say how things stand. */
  #leave(run: AbortController, phase: Phase): void {
    if (this.#running !== run) {
      if (this.#running === null && phase.kind === "idle") this.#enter(phase);
      return;
    }
    this.#running = null;
    this.#enter(phase);
  }
}
