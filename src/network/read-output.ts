// Cuts what was read back from the device in one piece into the outputs it consists of.
import { ANCHORS, BOX_VALUES } from "./config.js";
import { TEXT_OUTPUTS } from "./heads.js";
import type { Sequences } from "./text-encoder.js";

/** Logits, row by row in the order of the sequences. */
export interface NetworkOutput {
  /** count × length. */
  readonly start: Float32Array;
  readonly end: Float32Array;
  /** count. */
  readonly existence: Float32Array;
  /** count × candidates × 5 and count; null without a photo. */
  readonly candidates: Float32Array | null;
  readonly none: Float32Array | null;
  /** Mean of the gate over the pieces of each sequence, 0 to 1; null without a photo. */
  readonly relevance: Float32Array | null;
}

/** The text heads come first; after them, with a photo, grounded maps, matches, none and openness. */
export function readOutput(values: Float32Array, sizes: readonly number[], sequences: Sequences): NetworkOutput {
  const [text, ...photo] = cut(values, sizes);
  return { ...readTextHeads(text!, sequences.rows, sequences.length), ...readPhoto(photo, sequences) };
}

function cut(values: Float32Array, sizes: readonly number[]): Float32Array[] {
  let at = 0;
  return sizes.map((size) => {
    at += size;
    return values.subarray(at - size, at);
  });
}

function readTextHeads(
  values: Float32Array,
  count: number,
  length: number,
): Pick<NetworkOutput, "start" | "end" | "existence"> {
  const rows = count * length;
  const [start, end, existence] = [new Float32Array(rows), new Float32Array(rows), new Float32Array(count)];
  for (let row = 0; row < rows; row++) {
    start[row] = values[row * TEXT_OUTPUTS]!;
    end[row] = values[row * TEXT_OUTPUTS + 1]!;
  }
  for (let sequence = 0; sequence < count; sequence++) {
    existence[sequence] = values[sequence * length * TEXT_OUTPUTS + 2]!;
  }
  return { start, end, existence };
}

function readPhoto(
  pieces: readonly Float32Array[],
  { rows: count, length, lengths }: Sequences,
): Pick<NetworkOutput, "candidates" | "none" | "relevance"> {
  if (pieces.length === 0) return { candidates: null, none: null, relevance: null };
  const scales = (pieces.length - 2) / 2;
  const openness = pieces[pieces.length - 1]!;
  const relevance = new Float32Array(count);
  for (let sequence = 0; sequence < count; sequence++) {
    let sum = 0;
    const pieceCount = lengths[sequence]!;
    for (let at = 0; at < pieceCount; at++) sum += openness[sequence * length + at]!;
    relevance[sequence] = sum / Math.max(1, pieceCount);
  }
  return {
    candidates: assembleCandidates(pieces.slice(0, scales), pieces.slice(scales, 2 * scales), count),
    none: pieces[2 * scales]!.slice(),
    relevance,
  };
}

/**
 * Candidates of all scales in the reference's order (scale, row, column, anchor), per sequence: the match is added to each
 * anchor's confidence. Done on numbers, since they have been read back anyway.
 */
function assembleCandidates(
  grounded: readonly Float32Array[],
  matches: readonly Float32Array[],
  count: number,
): Float32Array {
  const perCell = ANCHORS * BOX_VALUES;
  const cellsPerScale = matches.map((values) => values.length / count);
  const total = cellsPerScale.reduce((sum, cells) => sum + cells, 0);
  const candidates = new Float32Array(count * total * perCell);
  let from = 0;
  cellsPerScale.forEach((cells, scale) => {
    for (let row = 0; row < count; row++) {
      const to = (row * total + from) * perCell;
      candidates.set(grounded[scale]!.subarray(row * cells * perCell, (row + 1) * cells * perCell), to);
      for (let cell = 0; cell < cells; cell++) {
        const added = matches[scale]![row * cells + cell]!;
        for (let anchor = 0; anchor < ANCHORS; anchor++) {
          candidates[to + cell * perCell + anchor * BOX_VALUES + BOX_VALUES - 1]! += added;
        }
      }
    }
    from += cells;
  });
  return candidates;
}
