// Spans of words in rows of pieces: which piece a word begins at in which window, and spans as names of the text.
import type { Entity } from "../../core/results.js";
import {
  believedWindows,
  bestWithoutOverlap,
  layOutWords,
  type PreparedText,
  type Sequences,
} from "../../text/index.js";

/** Where the words of one window stand: the columns of their first pieces, and which words they are. */
export interface WindowWords {
  readonly columns: readonly number[];
  /** Index among all words that have pieces. */
  readonly words: readonly number[];
  /** Of each: is this the window to believe of it? */
  readonly believed: readonly boolean[];
}

/** 1 at the first piece of every word, rows × length. */
export function wordStarts(prepared: PreparedText, input: Sequences): Int32Array {
  const first = new Int32Array(input.rows * input.length);
  for (const [row, { columns }] of wordsOfWindows(prepared, input).entries()) {
    for (const column of columns) first[row * input.length + column] = 1;
  }
  return first;
}

export function wordsOfWindows(prepared: PreparedText, { windows, sentenceColumns }: Sequences): WindowWords[] {
  const words = layOutWords(prepared);
  const trusted = believedWindows(prepared.pieces, windows);
  return windows.map(({ firstPiece, endPiece }, window) => {
    const inside = words.flatMap((word, index) =>
      word.firstPiece >= firstPiece && word.firstPiece < endPiece ? [{ index, piece: word.firstPiece }] : [],
    );
    return {
      columns: inside.map(({ piece }) => sentenceColumns[0]! + piece - firstPiece),
      words: inside.map(({ index }) => index),
      believed: inside.map(({ piece }) => trusted[piece] === window),
    };
  });
}

export interface ScoredSpan {
  /** First and last of the words that have pieces. */
  readonly first: number;
  readonly last: number;
  readonly type: string;
  readonly score: number;
  readonly more?: Partial<Entity>;
}

/** Names of the text: those that are sure enough, of the same words only once, and without overlap unless nested. */
export function toEntities<Span extends ScoredSpan>(
  spans: readonly Span[],
  prepared: PreparedText,
  { threshold, nested }: { readonly threshold: number; readonly nested: boolean },
): { readonly entity: Entity; readonly span: Span }[] {
  const words = layOutWords(prepared);
  const once = new Map<string, { entity: Entity; span: Span; start: number; end: number; score: number }>();
  for (const span of spans) {
    const { type, score, more } = span;
    const [start, end] = [words[span.first]!.start, words[span.last]!.end];
    const key = `${start} ${end} ${type}`;
    if (score < threshold || score <= (once.get(key)?.score ?? Number.NEGATIVE_INFINITY)) continue;
    const entity: Entity = { start, end, text: prepared.text.slice(start, end), type, score, region: null, ...more };
    once.set(key, { entity, span, start, end, score });
  }
  const all = [...once.values()];
  const kept = nested ? all : bestWithoutOverlap(all);
  return kept
    .sort((one, other) => one.start - other.start || one.end - other.end)
    .map(({ entity, span }) => ({ entity, span }));
}

/** How sure a system of spans is that the text names one of a type: as sure as of its surest. */
export function existsOf(spans: readonly ScoredSpan[], type: string): number {
  return spans.reduce((most, span) => (span.type === type ? Math.max(most, span.score) : most), 0);
}
