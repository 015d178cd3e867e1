// Lays pieces and queries out as a network reads them: `[CLS] query [SEP] sentence [SEP]`, or `[CLS] sentence [SEP]` where
// nothing is asked; one row per window and query, all rows of one length.
import { MnerError } from "../core/mner-error.js";
import type { Query } from "../core/results.js";
import type { PreparedText } from "./prepare.js";
import { UNCASED } from "./shape.js";
import type { Tokenizer } from "./tokenizer.js";
import { cutWindows, type Window } from "./windows.js";

export interface SequenceLimits {
  /** Most pieces in one row, query and special pieces included. */
  readonly maxPieces: number;
  /** Share of a window that the next one reads again; a quarter unless said. */
  readonly overlap?: number;
  /** Rows are padded to a multiple of this, so that few different lengths reach the GPU; 1 unless said. */
  readonly multipleOf?: number;
}

/** Rows stand window by window: row `window * queryCount + query`. Arrays are `rows × length`, row by row. */
export interface Sequences {
  readonly rows: number;
  readonly length: number;
  readonly queryCount: number;
  readonly windows: readonly Window[];
  readonly ids: Int32Array;
  readonly segments: Int32Array;
  readonly shapes: Int32Array;
  /** What rows are padded to a multiple of. */
  readonly multipleOf?: number | undefined;
  /** Used length of each row; the rest is padding. */
  readonly lengths: Int32Array;
  /** For each query the column at which the sentence's first piece stands, in all of its rows. */
  readonly sentenceColumns: Int32Array;
}

/** [CLS], and the [SEP] behind the sentence. */
const SPECIAL_PIECES = 2;
const DEFAULT_OVERLAP = 0.25;

/**
 * Builds the rows for a text and its queries; null stands for a row without one. Fails with `query-invalid` when a query
 * leaves the text too little room.
 */
export function buildSequences(
  tokenizer: Tokenizer,
  prepared: PreparedText,
  queries: readonly (Query | null)[],
  limits: SequenceLimits,
): Sequences {
  if (queries.length === 0)
    throw new MnerError("query-invalid", "There is no query. Ask for at least one type of name.");
  const { special } = tokenizer;
  const { pieces } = prepared;
  // Between [CLS] and the sentence: the query and its [SEP].
  const prompts = queries.map((one) => (one ? [...tokenizer.queryIds(one.query), special.separator] : []));
  const windows = cutWindows(pieces, ...roomForText(queries, prompts, limits));

  const queryCount = queries.length;
  const rows = windows.length * queryCount;
  const lengths = new Int32Array(rows);
  windows.forEach((window, windowIndex) => {
    prompts.forEach((prompt, query) => {
      lengths[windowIndex * queryCount + query] = prompt.length + window.endPiece - window.firstPiece + SPECIAL_PIECES;
    });
  });
  const multipleOf = limits.multipleOf ?? 1;
  const length = Math.ceil(lengths.reduce((most, used) => Math.max(most, used), 0) / multipleOf) * multipleOf;

  const ids = new Int32Array(rows * length).fill(special.padding);
  const segments = new Int32Array(rows * length);
  const shapes = new Int32Array(rows * length).fill(UNCASED);
  const sentenceColumns = Int32Array.from(prompts, (prompt) => prompt.length + 1);
  for (let row = 0; row < rows; row++) {
    const query = row % queryCount;
    const { firstPiece, endPiece } = windows[(row - query) / queryCount]!;
    const begin = row * length;
    ids[begin] = special.classification;
    ids.set(prompts[query]!, begin + 1);
    const sentence = begin + sentenceColumns[query]!;
    for (let piece = firstPiece; piece < endPiece; piece++) {
      const { id, shape } = pieces[piece]!;
      ids[sentence + piece - firstPiece] = id;
      shapes[sentence + piece - firstPiece] = shape;
    }
    const end = begin + lengths[row]!;
    ids[end - 1] = special.separator;
    segments.fill(1, sentence, end);
  }
  return { rows, length, multipleOf, queryCount, windows, ids, segments, shapes, lengths, sentenceColumns };
}

/** Pieces of text per window, and how many of them overlap. All queries share their windows, so the longest decides. */
function roomForText(
  queries: readonly (Query | null)[],
  prompts: readonly (readonly number[])[],
  limits: SequenceLimits,
): [capacity: number, overlap: number] {
  const longest = prompts.reduce((at, prompt, index) => (prompt.length > prompts[at]!.length ? index : at), 0);
  const capacity = limits.maxPieces - SPECIAL_PIECES - prompts[longest]!.length;
  const query = queries[longest];
  if (query && (capacity < limits.maxPieces / 2 - SPECIAL_PIECES - 1 || capacity < 1)) {
    throw new MnerError(
      "query-invalid",
      `The query “${query.label}” is too long (${prompts[longest]!.length - 1} pieces): it would leave the text too little room. Shorten it to under ${Math.max(1, Math.floor(limits.maxPieces / 2))} pieces.`,
    );
  }
  return [capacity, Math.floor(capacity * (limits.overlap ?? DEFAULT_OVERLAP))];
}
