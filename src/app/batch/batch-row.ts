// One tweet of a file on its way through the batch: what the file says, what came of it, and a few figures to sort by.

import type { MnerErrorCode } from "../../core/mner-error.js";
import type { AnalysisResult } from "../../core/results.js";
import type { CorpusRecord } from "../../corpus/index.js";

export type RowStatus =
  /** Not read yet, or given back by a run that was stopped. */
  | "waiting"
  | "running"
  | "done"
  /** The model could not read it. */
  | "failed"
  /** The file is broken in this place; there is nothing to read. */
  | "broken";

/** What became of the photo that the file names. */
export type PhotoState = "none" | "waiting" | "read" | "missing" | "unreadable";

export interface RowFailure {
  readonly code: MnerErrorCode;
  readonly message: string;
}

/** Plain data: it is stored as it is. */
export interface BatchRow {
  readonly index: number;
  readonly record: CorpusRecord;
  readonly status: RowStatus;
  readonly photo: PhotoState;
  readonly result: AnalysisResult | null;
  readonly failure: RowFailure | null;
  /** Why the photo could not be opened. */
  readonly photoTrouble: string | null;
  readonly milliseconds: number;
  /** A small picture of the photo, kept so that the table looks the same after a reload. */
  readonly thumbnail: Blob | null;
}

export function newRow(record: CorpusRecord, index: number): BatchRow {
  const { tweet, problem } = record;
  return {
    index,
    record,
    status: tweet === null ? "broken" : "waiting",
    photo: tweet?.image == null ? "none" : "waiting",
    result: null,
    failure: tweet === null ? { code: "input-invalid", message: problem ?? "The record is broken." } : null,
    photoTrouble: null,
    milliseconds: 0,
    thumbnail: null,
  };
}

/**
 * What is kept of an answer. Where each query looked is for looking at one tweet; a thousand of them would only fill the
 * device. And what the engine has to say about the machine is no news of the tweet.
 */
export function forKeeping(result: AnalysisResult): AnalysisResult {
  return {
    ...result,
    queries: result.queries.map((query) => ({ ...query, attention: null })),
    notices: result.notices.filter(({ code }) => /^(?:image|text)-/.test(code)),
  };
}

export function isGold({ tweet }: CorpusRecord): boolean {
  return tweet?.tags?.some((tag) => tag !== "O") ?? false;
}

/** Least sure name of the row; 1 when there is none. */
export function leastScore({ result }: BatchRow): number {
  return Math.min(1, ...(result?.entities ?? []).map(({ score }) => score));
}
