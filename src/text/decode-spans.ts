// Turns logits into names: whole words of the original text, with a type and a calibrated score. Pure numbers in and out.
import { mergeWindows, type QueryLogits, type RowLogits } from "./predictions.js";
import type { PreparedText } from "./prepare.js";
import { bestWithoutOverlap } from "./schedule.js";
import type { Sequences, TextQuery } from "./sequences.js";

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
  readonly calibration?: { readonly a: number; readonly b: number };
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
  queries: readonly TextQuery[],
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

/** What of a text decoding needs, per word that has pieces. */
interface WordLayout {
  /** Index of the word among all words: span lengths count those without pieces too. */
  readonly word: number;
  readonly firstPiece: number;
  readonly lastPiece: number;
  readonly start: number;
  readonly end: number;
}

/**
 * A piece can reach beyond the word it begins in (a soft hyphen inside a word), and its span then takes in the words it
 * reaches into. Words are whole graphemes, hence spans are.
 */
function layOutWords({ words, pieces }: PreparedText): WordLayout[] {
  const layout: WordLayout[] = [];
  let reached = 0;
  for (let first = 0; first < pieces.length; ) {
    const { word } = pieces[first]!;
    let next = first + 1;
    while (next < pieces.length && pieces[next]!.word === word) next++;
    const lastCharacter = pieces[next - 1]!.end - 1;
    reached = Math.max(reached, word);
    while (reached + 1 < words.length && words[reached + 1]!.start <= lastCharacter) reached++;
    const end = Math.max(words[word]!.end, words[reached]!.end);
    layout.push({
      word,
      firstPiece: first,
      lastPiece: next - 1,
      start: words[word]!.start,
      end: end,
    });
    first = next;
  }
  return layout;
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

function sigmoid(logit: number): number {
  return 1 / (1 + Math.exp(-logit));
}

function logitOf(probability: number): number {
  return Math.log(probability / (1 - probability));
}
