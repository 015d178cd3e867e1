// When a tag asks the engine, and what: never the same twice, of its own accord only when it may, and not for what was
// scrolled past.

import type { MnerError } from "../core/mner-error.js";
import type { AnalysisResult, BackendName } from "../core/results.js";
import type { AnalyzeRequest, ImageInput, Query } from "../engine/analyzer.js";
import type { Analysis } from "./analysis.js";
import { absolute, same, toNumber } from "./loose-values.js";

export type Loading = "lazy" | "eager" | "manual";

/** Everything of a tag that changes an answer. */
export interface Question {
  readonly text: string;
  readonly src: string | null;
  readonly image: ImageInput | null;
  readonly crossOrigin: "anonymous" | "use-credentials" | null;
  readonly queries: readonly Query[] | null;
  readonly nested: boolean;
  readonly threshold: number | string | null;
  readonly model: string | null;
  readonly backend: "auto" | BackendName;
  readonly system: string | null;
  readonly baseURI: string;
}

function keyOf({
  text,
  src,
  image,
  crossOrigin,
  queries,
  nested,
  threshold,
  model,
  backend,
  system,
}: Question): unknown[] {
  // By value: frameworks hand in a new array at each of their renders.
  return [text, src, image, crossOrigin, JSON.stringify(queries), nested, threshold, model, backend, system];
}

export class Scheduler {
  readonly #analysis: Analysis;
  #last: readonly unknown[] | null = null;
  #near = false;
  /** Whether the run going on was begun by the tag itself, as it came near. */
  #unasked = false;

  constructor(analysis: Analysis) {
    this.#analysis = analysis;
  }

  wasAsked(question: Question): boolean {
    return same(this.#last, keyOf(question));
  }

  nearChanged(near: boolean): void {
    this.#near = near;
    // Scrolled past before it was done: leave the engine to the tags that are read now. What a page or a reader asked for
    // goes on.
    if (!near && this.#unasked) this.pause();
  }

  /** The tag has left the page. */
  leave(): void {
    this.#near = false;
    this.pause();
  }

  /** Stops what is running; it may be asked again. */
  pause(): void {
    if (!this.#analysis.isRunning) return;
    this.#last = null;
    this.#analysis.cancel();
  }

  /** Answers a question that cannot be asked; it stays answered until it changes. */
  refuse(question: Question, error: MnerError): void {
    this.#last = keyOf(question);
    this.#analysis.fail(error);
  }

  runWhenDue(question: Question, loading: Loading): void {
    if (loading === "manual" || question.text.trim() === "") return;
    if (loading !== "eager" && !this.#near) return;
    if (this.wasAsked(question)) return;
    // Failures are shown and told by event; the run of its own accord has nobody to reject to.
    this.run(question).catch(() => {});
    this.#unasked = loading !== "eager";
  }

  run(question: Question, signal?: AbortSignal): Promise<AnalysisResult> {
    this.#last = keyOf(question);
    this.#unasked = false;
    const { text, src, image, crossOrigin, queries, nested, threshold, model, backend, system, baseURI } = question;
    const request: AnalyzeRequest = {
      text,
      image: image ?? (src ? absolute(src, baseURI) : null),
      queries: queries ?? undefined,
      nested,
      threshold: toNumber(threshold) ?? undefined,
      crossOrigin,
      priority: this.#near ? 1 : 0,
    };
    const folder = model === null ? undefined : absolute(model, baseURI);
    return this.#analysis.run({ model: folder, backend, system: system ?? undefined }, request, signal);
  }
}
