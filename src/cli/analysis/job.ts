// One tweet to analyse and what came of it, as plain data that can cross into a worker thread and back.

import { type MnerErrorCode, toMnerError } from "../../core/mner-error.js";
import type { AnalysisResult } from "../../core/results.js";
import type { Query } from "../../engine/analyzer.js";

export interface AnalysisJob {
  readonly text: string;
  /** A path that has already been checked to lie in the photos' folder. */
  readonly photo: string | null;
  /** Asked instead of the model's own, when given. */
  readonly queries?: readonly Query[];
  readonly nested?: boolean;
  readonly threshold?: number;
}

export interface JobFailure {
  readonly code: MnerErrorCode;
  readonly message: string;
}

/** Either a result or a failure; a failure is an answer too, not an exception. */
export type JobOutcome =
  | { readonly result: AnalysisResult; readonly failure: null }
  | { readonly result: null; readonly failure: JobFailure };

export interface AnalyzerChoice {
  /** A model folder's path. */
  readonly model: string;
  readonly backend: "auto" | "wasm" | "cpu";
}

export function failureOf(error: unknown): JobOutcome {
  const { code, message } = toMnerError(error);
  return { result: null, failure: { code, message } };
}
