// The network's logits as they come back from the device, row by row, and what of them is kept for a text of many rows.
import type { TokenRows } from "../../encoders/bert.js";
import type { Sequences } from "../../text/index.js";
import type { Collector } from "../system.js";
import type { Found } from "./asked.js";
import { BOX_VALUES } from "./config.js";
import type { Parts } from "./one-way.js";

export type MnerQgOutput = {
  /** rows × length. */
  readonly start: Float32Array;
  readonly end: Float32Array;
  /** rows. */
  readonly existence: Float32Array;
  /** rows × candidates × 5 and rows; null without a photo. */
  readonly candidates: Float32Array | null;
  readonly none: Float32Array | null;
  /** Mean of the gate over the pieces of each row, 0 to 1; null without a photo. */
  readonly relevance: Float32Array | null;
  /** H'' of every piece and q of every row, where names ask for themselves; null otherwise. */
  readonly hidden: Float32Array | null;
  readonly query: Float32Array | null;
};

/** What the network said of all rows, and of the photo for each query in the window that knows most of it. */
export interface Answer {
  readonly start: Float32Array;
  readonly end: Float32Array;
  readonly existence: Float32Array;
  /** Per query; null without a photo. */
  readonly photo: readonly PhotoAnswer[] | null;
  /** H'' of the rows of the first windows; null where names do not ask for themselves. */
  readonly hidden?: Float32Array | null;
}

/** Windows of a long text whose names ask for themselves; later ones get their type's answer, to bound the memory. */
export const WINDOWS_WITH_NAMES = 8;

export interface PhotoAnswer {
  /** candidates × 5. */
  readonly candidates: Float32Array;
  readonly none: number;
  readonly relevance: number;
  /** q of the question, where names ask for themselves. */
  readonly query?: Float32Array | null;
}

/** `outputs`: text [rows × length, 3], and with a photo gateMean, none, and boxes.k and match.k of each scale. */
export function readOutput(outputs: Readonly<Record<string, Float32Array>>, rows: TokenRows): MnerQgOutput {
  const { rows: count, length } = rows;
  const text = outputs.text!;
  const column = (index: number) => (_: unknown, row: number) => text[row * 3 + index]!;
  const { gateMean, none } = outputs;
  return {
    start: Float32Array.from({ length: count * length }, column(0)),
    end: Float32Array.from({ length: count * length }, column(1)),
    existence: Float32Array.from({ length: count }, (_, row) => text[row * length * 3 + 2]!),
    candidates: none ? readCandidates(outputs, count) : null,
    none: none ?? null,
    relevance: gateMean ? meanOverPieces(gateMean, rows) : null,
    hidden: outputs.hidden ?? null,
    query: outputs.query ?? null,
  };
}

/** What each of some questions found in a photo. */
export function foundBy(outputs: Readonly<Record<string, Float32Array>>, questions: number): Found[] {
  const candidates = readCandidates(outputs, questions);
  const part = (values: Float32Array, at: number): Float32Array => {
    const size = values.length / questions;
    return values.slice(at * size, (at + 1) * size);
  };
  return Array.from({ length: questions }, (_, at) => ({
    candidates: part(candidates, at),
    none: outputs.none![at]!,
    query: outputs.query ? part(outputs.query, at) : null,
  }));
}

/** Numbers of rows without their questions, put back to where the pieces stand in the rows that came; the rest is 0. */
export function readOneWayOutput(
  outputs: Readonly<Record<string, Float32Array>>,
  { rows: compact, columns }: Parts,
  { rows: count, length }: TokenRows,
  found: readonly Found[] | null,
): MnerQgOutput {
  const own = readOutput({ text: outputs.text!, ...(outputs.gateMean ? { gateMean: outputs.gateMean } : {}) }, compact);
  const spread = (values: Float32Array): Float32Array => {
    const width = values.length / (count * compact.length);
    const out = new Float32Array(count * length * width);
    for (let row = 0; row < count; row++) {
      const [from, to] = [row * compact.length * width, row * length * width];
      const used = compact.lengths[row]!;
      out.set(values.subarray(from, from + width), to);
      out.set(values.subarray(from + width, from + used * width), to + columns[row]! * width);
    }
    return out;
  };
  const join = (parts: readonly Float32Array[]): Float32Array => {
    const all = new Float32Array(parts.reduce((sum, part) => sum + part.length, 0));
    let at = 0;
    for (const part of parts) {
      all.set(part, at);
      at += part.length;
    }
    return all;
  };
  const queries = found?.every(({ query }) => query !== null) ? found.map(({ query }) => query!) : null;
  return {
    start: spread(own.start),
    end: spread(own.end),
    existence: own.existence,
    candidates: found && join(found.map(({ candidates }) => candidates)),
    none: found && Float32Array.from(found, ({ none }) => none),
    relevance: own.relevance,
    hidden: outputs.hidden ? spread(outputs.hidden) : null,
    query: queries && join(queries),
  };
}

function meanOverPieces(gateMean: Float32Array, { rows, length, lengths }: TokenRows): Float32Array {
  return Float32Array.from({ length: rows }, (_, row) => {
    const own = gateMean.subarray(row * length, row * length + lengths[row]!);
    return own.reduce((sum, value) => sum + value, 0) / Math.max(1, own.length);
  });
}

/**
 * Candidates of all scales in the reference's order (scale, row, column, anchor), per row: the match is added to each
 * anchor's confidence, what the detector knows to the first one's. Done on numbers, since they have been read back anyway.
 */
function readCandidates(outputs: Readonly<Record<string, Float32Array>>, rows: number): Float32Array {
  const perCell = (outputs["boxes.0"]!.length / outputs["match.0"]!.length) | 0;
  const matches: Float32Array[] = [];
  while (outputs[`match.${matches.length}`]) matches.push(outputs[`match.${matches.length}`]!);
  const total = matches.reduce((sum, { length }) => sum + length / rows, 0);
  const candidates = new Float32Array(rows * total * perCell);
  let from = 0;
  for (const [k, match] of matches.entries()) {
    const cells = match.length / rows;
    const boxes = outputs[`boxes.${k}`]!;
    const known = outputs[`known.${k}`];
    for (let row = 0; row < rows; row++) {
      const to = (row * total + from) * perCell;
      candidates.set(boxes.subarray(row * cells * perCell, (row + 1) * cells * perCell), to);
      for (let cell = 0; cell < cells; cell++) {
        const at = to + cell * perCell + BOX_VALUES - 1;
        for (let anchor = 0; anchor < perCell; anchor += BOX_VALUES)
          candidates[at + anchor]! += match[row * cells + cell]!;
        if (known) candidates[at]! += known[row * cells + cell]!;
      }
    }
    from += cells;
  }
  return candidates;
}

/** Of the photo's answers only the best window's is kept: a long text must not need memory in proportion to its length. */
export function collect({ rows, length, queryCount }: Sequences): Collector<MnerQgOutput, Answer> {
  const start = new Float32Array(rows * length);
  const end = new Float32Array(rows * length);
  const existence = new Float32Array(rows);
  const best = new Float32Array(queryCount).fill(Number.NEGATIVE_INFINITY);
  const photo: PhotoAnswer[] = [];
  const keptRows = Math.min(rows, WINDOWS_WITH_NAMES * queryCount);
  let hidden: Float32Array | null = null;
  return {
    add(output, from, count) {
      start.set(output.start, from * length);
      end.set(output.end, from * length);
      existence.set(output.existence, from);
      if (output.candidates === null) return;
      const perRow = output.candidates.length / count;
      const perQuery = (output.query?.length ?? 0) / count;
      const kept = Math.min(count, keptRows - from);
      if (output.hidden && kept > 0) {
        const perHidden = output.hidden.length / count;
        hidden ??= new Float32Array(keptRows * perHidden);
        hidden.set(output.hidden.subarray(0, kept * perHidden), from * perHidden);
      }
      for (let row = from; row < from + count; row++) {
        const query = row % queryCount;
        // The window that is surest of such a name tells best where it is seen. The first one counts even if it is NaN.
        if (photo[query] && !(existence[row]! > best[query]!)) continue;
        best[query] = existence[row]!;
        photo[query] = {
          candidates: output.candidates.slice((row - from) * perRow, (row - from + 1) * perRow),
          none: output.none![row - from]!,
          relevance: output.relevance![row - from]!,
          query: output.query?.slice((row - from) * perQuery, (row - from + 1) * perQuery),
        };
      }
    },
    answer: () => ({ start, end, existence, photo: photo.length === 0 ? null : photo, hidden }),
  };
}
