// Scores of the text side: exact spans with their types, and whether a tweet names a type at all.
import { requireSameLength, type Score, scoreSets } from "./score.js";
import type { TypedSpan } from "./spans.js";

export interface SpanScore extends Score {
  readonly perType: Readonly<Record<string, Score>>;
}

function key(span: TypedSpan): string {
  return `${span.start} ${span.end} ${span.type}`;
}

/** Exact span and type, micro-averaged over all tweets and types, and each of `types` by itself. */
export function scoreSpans(
  gold: readonly (readonly TypedSpan[])[],
  predicted: readonly (readonly TypedSpan[])[],
  types: readonly string[],
): SpanScore {
  const scoreOf = (type: string): [string, Score] => {
    const only = (spans: readonly TypedSpan[]) => spans.filter((span) => span.type === type).map(key);
    return [type, scoreSets(gold.map(only), predicted.map(only))];
  };
  const all = (spans: readonly TypedSpan[]) => spans.map(key);
  return { ...scoreSets(gold.map(all), predicted.map(all)), perType: Object.fromEntries(types.map(scoreOf)) };
}

/** Over (tweet, type) pairs: does the tweet name such an entity at all. */
export function scoreExistence(gold: readonly (readonly string[])[], predicted: readonly (readonly string[])[]): Score {
  return scoreSets(gold, predicted);
}

/**
 * Counts of gold type (row) against predicted type (column) for spans with the same boundaries; the last row and column
 * stand for "no such span".
 */
export function confusionTable(
  gold: readonly (readonly TypedSpan[])[],
  predicted: readonly (readonly TypedSpan[])[],
  types: readonly string[],
): number[][] {
  requireSameLength(gold, predicted);
  const none = types.length;
  const rowOf = new Map(types.map((type, index) => [type, index]));
  const table = Array.from({ length: none + 1 }, () => new Array<number>(none + 1).fill(0));
  const place = (span: TypedSpan) => `${span.start} ${span.end}`;
  const count = (row: number, column: number) => {
    const cells = table[row]!;
    cells[column] = cells[column]! + 1;
  };
  const indexOf = (type: string) => {
    const index = rowOf.get(type);
    if (index === undefined)
      throw new RangeError(`The type ${JSON.stringify(type)} is not one of ${types.join(", ")}.`);
    return index;
  };
  for (const [entry, goldSpans] of gold.entries()) {
    const goldAt = new Map(goldSpans.map((span) => [place(span), span.type]));
    const found = new Set<string>();
    for (const span of predicted[entry]!) {
      found.add(place(span));
      const goldType = goldAt.get(place(span));
      count(goldType === undefined ? none : indexOf(goldType), indexOf(span.type));
    }
    for (const [at, type] of goldAt) if (!found.has(at)) count(indexOf(type), none);
  }
  return table;
}
