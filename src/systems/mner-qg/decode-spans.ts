// Turns logits into names: whole words of the original text, with a type and a calibrated score. Pure numbers in and out.
import type { Query } from "../../core/results.js";
import {
  believedWindows,
  bestWithoutOverlap,
  layOutWords,
  type PreparedText,
  type Sequences,
  type WordLayout,
} from "../../text/index.js";
import { type Logistic, logitOf, sigmoid } from "../calibration.js";

/** A name in the text; `text` is `original.slice(start, end)`. */
export interface Span {
  readonly start: number;
  readonly end: number;
  readonly text: string;
  readonly type: string;
  /** Calibrated probability. */
  readonly score: number;
  /** Which of the queries found it. */
  readonly queryIndex: number;
}

export interface DecodeOptions {
  /** Most words from the first to the last of a span, both counted. */
  readonly maxSpanWords: number;
  /** Least probability of a start; 0.5 unless said. */
  readonly startThreshold?: number;
  /** Least probability of an end; 0.5 unless said. */
  readonly endThreshold?: number;
  /** score = sigmoid(a · logit + b); the plain sigmoid unless said. */
  readonly calibration?: Logistic;
  /** Least calibrated score of a span; 0 unless said. */
  readonly minScore?: number;
  /** Keeps spans of different queries that overlap; otherwise the best total score wins. */
  readonly nested?: boolean;
}

export interface DecodedText {
  /** In order of position, then of query. */
  readonly spans: Span[];
  /** Per query the probability that the text names such an entity at all. */
  readonly existence: number[];
}

/** From the network's rows to spans and existence. */
export function decodeSpans(
  prepared: PreparedText,
  sequences: Sequences,
  queries: readonly Query[],
  logits: RowLogits,
  options: DecodeOptions,
): DecodedText {
  const perQuery = mergeWindows(prepared, sequences, logits);
  const layout = layOutWords(prepared);
  const { a, b } = options.calibration ?? { a: 1, b: 0 };
  const minScore = options.minScore ?? 0;
  const found = perQuery.flatMap((query, queryIndex) => {
    const type = queries[queryIndex]!.label;
    const ofQuery = spansOfQuery(layout, query, options).map(({ start, end, logit }): Span => {
      return { start, end, text: prepared.text.slice(start, end), type, score: sigmoid(a * logit + b), queryIndex };
    });
    // Two starts can take the same end: one query never gives overlapping answers, nested or not.
    return bestWithoutOverlap(ofQuery).filter(({ score }) => score >= minScore);
  });
  const spans = options.nested ? found : bestWithoutOverlap(found);
  spans.sort((one, other) => one.start - other.start || one.end - other.end || one.queryIndex - other.queryIndex);
  return { spans, existence: perQuery.map((query) => sigmoid(query.existence)) };
}

/** Each start takes the nearest end at or after it, if one comes within the limit. */
function spansOfQuery(
  layout: readonly WordLayout[],
  { start, end, existence }: QueryLogits,
  options: DecodeOptions,
): { start: number; end: number; logit: number }[] {
  const leastStart = logitOf(options.startThreshold ?? 0.5);
  const leastEnd = logitOf(options.endThreshold ?? 0.5);
  const spans: { start: number; end: number; logit: number }[] = [];
  // From the back, so that the nearest end is always the one seen last.
  let nearest: WordLayout | null = null;
  for (let index = layout.length - 1; index >= 0; index--) {
    const here = layout[index]!;
    if (end[here.lastPiece]! >= leastEnd) nearest = here;
    if (nearest === null || !(start[here.firstPiece]! >= leastStart)) continue;
    if (nearest.word - here.word >= options.maxSpanWords) continue;
    const logit = (start[here.firstPiece]! + end[nearest.lastPiece]! + existence) / 3;
    spans.push({ start: here.start, end: nearest.end, logit });
  }
  return spans;
}

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
