// One tweet to analyse and what came of it.
import { resolve } from "node:path";
import { isMnerError, MnerError, type MnerErrorCode, toMnerError } from "../../core/mner-error.js";
import type { AnalysisResult } from "../../core/results.js";
import type { Query } from "../../engine/analyzer.js";
import type { NodeAnalyzeRequest } from "../../engine/node.js";

export interface AnalysisJob {
  readonly text: string;
  /** A path that has already been checked to lie in the photos' folder. */
  readonly photo: string | null;
  /** Asked instead of the model's own, when given. */
  readonly queries?: readonly Query[];
  readonly nested?: boolean;
  readonly threshold?: number;
  /** A photo that cannot be read fails the tweet; otherwise its text is read without it. */
  readonly strictPhoto?: boolean;
  /** Why there is no photo although the tweet names one. */
  readonly photoFault?: JobFailure | null;
  /** The most that the tweet may take. */
  readonly seconds?: number;
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

/** A tweet takes a fraction of a second. */
const LONGEST_SECONDS = 60;

/** Asks for the job's result, and never throws: whatever one tweet does must not end the run. */
export async function answerJob(
  job: AnalysisJob,
  analyze: (request: NodeAnalyzeRequest) => Promise<AnalysisResult>,
): Promise<JobOutcome> {
  const { text, queries, nested, threshold, strictPhoto, photoFault = null, seconds = LONGEST_SECONDS } = job;
  const signal = AbortSignal.timeout(seconds * 1000);
  // A full path can be taken for nothing but a file.
  const image = job.photo === null ? null : resolve(job.photo);
  const onlyQueries = queries !== undefined;
  try {
    const result = await analyze({ text, image, strictPhoto, signal, queries, onlyQueries, nested, threshold });
    const notices = photoFault === null ? result.notices : [...result.notices, photoFault];
    return { result: { ...result, notices }, failure: null };
  } catch (error) {
    if (!signal.aborted || !isMnerError(error) || error.code !== "aborted") return failureOf(error);
    const why = `The tweet took more than ${seconds} seconds. Shorten it, or allow more with --seconds.`;
    return failureOf(new MnerError("too-slow", why));
  }
}
