// Brings what the network said about each row back to the text: one start and one end logit per piece and query, one
// existence logit per query, whatever the number of windows.
import type { PreparedText } from "./prepare.js";
import type { Sequences } from "./sequences.js";
import { believedWindows } from "./windows.js";

/** What the network gives for the rows of `Sequences`: logits, row by row. Columns outside the sentence are not read. */
export interface RowLogits {
  /** `rows × length`. */
  readonly start: ArrayLike<number>;
  /** `rows × length`. */
  readonly end: ArrayLike<number>;
  /** `rows`. */
  readonly existence: ArrayLike<number>;
}

/** The logits of one query over the whole text. */
export interface QueryLogits {
  /** One per piece. */
  readonly start: Float32Array;
  /** One per piece. */
  readonly end: Float32Array;
  /** The highest of all windows: a name anywhere is a name. */
  readonly existence: number;
}

/** Merges the windows' answers, one result per query. */
export function mergeWindows(prepared: PreparedText, sequences: Sequences, logits: RowLogits): QueryLogits[] {
  const { pieces } = prepared;
  const { windows, queryCount, length, sentenceColumns } = sequences;
  const believed = believedWindows(pieces, windows);
  return Array.from({ length: queryCount }, (_, query) => {
    const start = new Float32Array(pieces.length);
    const end = new Float32Array(pieces.length);
    for (let piece = 0; piece < pieces.length; piece++) {
      const window = believed[piece]!;
      const at = (window * queryCount + query) * length + sentenceColumns[query]! + piece - windows[window]!.firstPiece;
      start[piece] = logits.start[at]!;
      end[piece] = logits.end[at]!;
    }
    let existence = Number.NEGATIVE_INFINITY;
    for (let window = 0; window < windows.length; window++) {
      existence = Math.max(existence, logits.existence[window * queryCount + query]!);
    }
    return { start, end, existence };
  });
}
