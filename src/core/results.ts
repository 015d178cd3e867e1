// What an analysis returns. Plain data: it survives structuredClone and JSON, and the element draws it without any engine.
import type { Box } from "./geometry.js";

export type { Box };

/** A question: a label for its answers, and the words that say what to look for. */
export interface Query {
  readonly label: string;
  readonly query: string;
}

/** What a system can do, for the page to offer no more than that. */
export interface Capabilities {
  /** It can be asked questions of one's own. */
  readonly ownQueries: boolean;
  /** What gets a box: each question, each name, or nothing. */
  readonly boxes: "query" | "entity" | "none";
  /** It looks at the photo at all. */
  readonly photo: boolean;
}

/** A place in the photo with the probability that what was asked for is seen there. */
export interface Region {
  /** In pixels of the upright photo (EXIF orientation already applied). */
  readonly box: Box;
  readonly score: number;
}

/**
 * What a system says of why it answered so, for one panel to draw whatever the system. Cells are weights over the photo,
 * entities and queries are indices into the result's own lists.
 */
export type Evidence =
  /** How much of the photo each name let in, 0 to 1. */
  | { readonly kind: "gate"; readonly entities: readonly number[] }
  /** Where each name looked. */
  | { readonly kind: "heat"; readonly entities: readonly (Attention | null)[] }
  /** What each name took from each of a few boxes. */
  | {
      readonly kind: "graph";
      readonly nodes: readonly { readonly label: string; readonly region: Region }[];
      readonly entities: readonly (readonly number[])[];
    }
  /** Words that the photo made likely, each with its weight. */
  | { readonly kind: "clues"; readonly clues: readonly { readonly text: string; readonly weight: number }[] }
  /** Candidate answers, found or not. */
  | { readonly kind: "slots"; readonly slots: readonly { readonly entity: number | null; readonly score: number }[] }
  /** Names answer questions: each question's own answer says where it looked. */
  | { readonly kind: "queries" };

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
  /** Probability that this very name is not in the photo, where the system can tell names of one type apart. */
  readonly notInPhoto?: number;
  /** Up to three further places of this very name, best first. */
  readonly alternatives?: readonly Region[];
  /** It may as well be the first alternative. */
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

/** What kind of picture the photo is. */
export interface ImageKind {
  readonly kind: "photo" | "drawing" | "screenshot" | "lettering";
  readonly score: number;
}

export interface AnalysisResult {
  readonly text: string;
  /** Size of the upright photo, or null when the run had none. */
  readonly image: { readonly width: number; readonly height: number } | null;
  readonly entities: readonly Entity[];
  readonly queries: readonly QueryResult[];
  /** Name of the system that answered, such as `mner-qg`; absent in results of version 0.1. */
  readonly system?: string;
  /** Probability that text and photo belong together, where the system can tell. */
  readonly relatedness?: number | null;
  readonly imageKind?: ImageKind | null;
  readonly evidence?: Evidence | null;
  readonly backend: BackendName;
  readonly model: { readonly name: string; readonly version: string };
  readonly timings: Timings;
  readonly notices: readonly Notice[];
}
