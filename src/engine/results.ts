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
  /** Probability that the photo does not show this name; 1 when there is no photo. Absent in results of version 0.2. */
  readonly notInPhoto?: number;
  /** Up to three further places for this name, best first. */
  readonly alternatives?: readonly Region[];
  /** Whether `region` and the first of `alternatives` are about as likely: "one of these". */
  readonly ambiguous?: boolean;
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

/** What a picture is, besides what it shows. */
export interface ImageKind {
  readonly kind: "photo" | "drawing" | "screenshot" | "lettering";
  readonly score: number;
}

/** A stretch of the text with a figure: how far the photo was let in there, 0 to 1. */
export interface WordGate {
  readonly start: number;
  readonly end: number;
  readonly gate: number;
}

/** What a system looked at, as plain data. Which kind there is depends on the system. */
export type Evidence =
  /** Own and usual questions: everything stands in `queries`. */
  | { readonly kind: "queries" }
  /** One gate a word. */
  | { readonly kind: "gate"; readonly words: readonly WordGate[] }
  /** Where each name (or, without offsets, the whole text) looked. */
  | {
      readonly kind: "heat";
      readonly maps: readonly { readonly start?: number; readonly end?: number; readonly attention: Attention }[];
    }
  /** Words and regions, and how strongly they are joined. `from` is a place in `words`, `to` one in `regions`. */
  | {
      readonly kind: "graph";
      readonly words: readonly { readonly start: number; readonly end: number }[];
      readonly regions: readonly { readonly box: Box; readonly label?: string }[];
      readonly edges: readonly { readonly from: number; readonly to: number; readonly weight: number }[];
    }
  /** Prompts that fit the photo, with their weights, and the places that made them fire. */
  | {
      readonly kind: "clues";
      readonly clues: readonly { readonly text: string; readonly weight: number; readonly box?: Box | null }[];
    }
  /** What each slot of a set predictor took: a type, a span, a box, each or none. */
  | {
      readonly kind: "slots";
      readonly slots: readonly {
        readonly type: string | null;
        readonly start?: number;
        readonly end?: number;
        readonly score: number;
        readonly region?: Region | null;
      }[];
    };

export interface AnalysisResult {
  /** Which system answered; absent in results of version 0.2, which were all `mner-qg`. */
  readonly system?: string;
  /** Probability that the photo belongs to the text; `null` without a photo or where it is not known. */
  readonly relatedness?: number | null;
  readonly imageKind?: ImageKind | null;
  readonly evidence?: Evidence | null;
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
