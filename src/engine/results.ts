// What an analysis returns. Plain data: it survives structuredClone and JSON, and the element draws it without any engine.

/** Left, top, right, bottom in pixels of the upright photo (EXIF orientation already applied). */
export type Box = readonly [x0: number, y0: number, x1: number, y1: number];

/** A place in the photo with the probability that the query is seen there. */
export interface Region {
  readonly box: Box;
  readonly score: number;
}

/** A name in the text. Offsets are UTF-16 indices into the original text: `text.slice(start, end)` is the name. */
export interface Entity {
  readonly start: number;
  readonly end: number;
  readonly text: string;
  /** `PER`, `LOC`, `ORG`, `OTHER`, or the label of an own query. */
  readonly type: string;
  /** Calibrated probability that this span with this type is right. */
  readonly score: number;
  /** Where it is seen; `null` when it is not in the photo (or there is no photo). */
  readonly region: Region | null;
}

/** Where in the photo a query looked: one weight per cell, row by row, summing to 1 over the photo (padding excluded). */
export interface Attention {
  readonly columns: number;
  readonly rows: number;
  readonly cells: readonly number[];
}

/** The answer to one query, whether or not it found anything. */
export interface QueryResult {
  readonly type: string;
  readonly query: string;
  /** Probability that the text names such an entity at all. */
  readonly exists: number;
  readonly region: Region | null;
  /** Probability that what the query asks for is not in the photo; 1 when there is no photo. */
  readonly notInPhoto: number;
  /** Up to three further places, best first, after non-maximum suppression; without a region the likeliest one is first. */
  readonly alternatives: readonly Region[];
  /** How much of the photo the text side let in (mean of the gate), 0 to 1; 0 without a photo. */
  readonly imageRelevance: number;
  readonly attention: Attention | null;
}

/** A thing the reader should know that did not stop the run: a fallback taken, a photo left out, storage refused. */
export interface Notice {
  readonly code: string;
  readonly message: string;
}

/** Milliseconds per stage; a stage served from a cache is 0. */
export interface Timings {
  readonly queued: number;
  readonly tokenise: number;
  readonly decodeImage: number;
  readonly imageTrunk: number;
  readonly network: number;
  readonly decode: number;
  readonly total: number;
}

export type BackendName = "webgpu" | "webgl" | "wasm" | "cpu";

export interface AnalysisResult {
  readonly text: string;
  /** Size of the upright photo, or null when the run had none. */
  readonly image: { readonly width: number; readonly height: number } | null;
  readonly entities: readonly Entity[];
  readonly queries: readonly QueryResult[];
  readonly backend: BackendName;
  readonly model: { readonly name: string; readonly version: string };
  readonly timings: Timings;
  readonly notices: readonly Notice[];
}
