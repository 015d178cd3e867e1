// Systems on the same tweets: how sure a score is, and whether two differ by more than chance would have it.
import { makeScore, type Score } from "./score.js";
import type { TypedSpan } from "./spans.js";

/** What one system found in the tweets, in their order. */
export interface SystemAnswers {
  readonly system: string;
  readonly found: readonly (readonly TypedSpan[])[];
}

export interface SystemScore extends Score {
  readonly system: string;
  /** 95 % of F1 over tweets drawn anew. */
  readonly interval: readonly [low: number, high: number];
}

/** Two systems over all spans that are gold or that one of them found: right is finding what is gold, or leaving what is not. */
export interface SystemDifference {
  readonly one: string;
  readonly other: string;
  /** F1 of one less that of the other. */
  readonly f1: number;
  readonly onlyOneRight: number;
  readonly onlyOtherRight: number;
  /** How often chance alone would part them so far (exact McNemar test, two-sided). */
  readonly p: number;
}

export interface SystemComparison {
  readonly tweets: number;
  readonly systems: readonly SystemScore[];
  readonly differences: readonly SystemDifference[];
}

const SAMPLES = 1000;
const TAIL = 0.025;

const keyOf = ({ start, end, type }: TypedSpan): string => `${start} ${end} ${type}`;

export function compareSystems(
  gold: readonly (readonly TypedSpan[])[],
  answers: readonly SystemAnswers[],
): SystemComparison {
  const wanted = gold.map((spans) => new Set(spans.map(keyOf)));
  const given = answers.map(({ found }) => {
    if (found.length !== gold.length)
      throw new RangeError(`There are ${gold.length} tweets, but ${found.length} answers.`);
    return found.map((spans) => new Set(spans.map(keyOf)));
  });
  const systems = answers.map(({ system }, index): SystemScore => {
    const counts = wanted.map((spans, tweet) => countsOf(spans, given[index]![tweet]!));
    return { system, ...scoreOf(counts), interval: interval(counts) };
  });
  const differences = systems.flatMap((one, i) =>
    systems.slice(i + 1).map((other, j): SystemDifference => {
      const [onlyOneRight, onlyOtherRight] = discordant(wanted, given[i]!, given[i + 1 + j]!);
      const p = exactMcNemar(onlyOneRight, onlyOtherRight);
      return { one: one.system, other: other.system, f1: one.f1 - other.f1, onlyOneRight, onlyOtherRight, p };
    }),
  );
  return { tweets: gold.length, systems, differences };
}

type Counts = readonly [correct: number, predicted: number, gold: number];

function countsOf(gold: ReadonlySet<string>, found: ReadonlySet<string>): Counts {
  return [[...found].filter((key) => gold.has(key)).length, found.size, gold.size];
}

function scoreOf(counts: readonly Counts[]): Score {
  const sum = (at: 0 | 1 | 2): number => counts.reduce((total, one) => total + one[at], 0);
  return makeScore(sum(0), sum(1), sum(2));
}

/** Bootstrap over tweets. The same draws for every system and every call: figures do not change from run to run. */
function interval(counts: readonly Counts[]): [number, number] {
  if (counts.length === 0) return [0, 0];
  const random = generator(1);
  const scores = Array.from({ length: SAMPLES }, () => {
    let [correct, predicted, gold] = [0, 0, 0];
    for (let draw = 0; draw < counts.length; draw++) {
      const one = counts[Math.floor(random() * counts.length)]!;
      correct += one[0];
      predicted += one[1];
      gold += one[2];
    }
    return makeScore(correct, predicted, gold).f1;
  }).sort((a, b) => a - b);
  return [scores[Math.floor(TAIL * SAMPLES)]!, scores[Math.ceil((1 - TAIL) * SAMPLES) - 1]!];
}

/** mulberry32. */
function generator(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

function discordant(
  gold: readonly ReadonlySet<string>[],
  one: readonly ReadonlySet<string>[],
  other: readonly ReadonlySet<string>[],
): [number, number] {
  let [onlyOne, onlyOther] = [0, 0];
  for (const [tweet, wanted] of gold.entries()) {
    for (const key of new Set([...one[tweet]!, ...other[tweet]!])) {
      const [a, b] = [one[tweet]!.has(key), other[tweet]!.has(key)];
      if (a === b) continue;
      if (a === wanted.has(key)) onlyOne++;
      else onlyOther++;
    }
  }
  return [onlyOne, onlyOther];
}

/** How likely a fair coin falls so unevenly or more. */
export function exactMcNemar(one: number, other: number): number {
  const total = one + other;
  if (total === 0) return 1;
  // In logarithms: of a thousand tosses the smallest chances are below what a number holds.
  let term = -total * Math.LN2;
  let tail = 0;
  for (let heads = 0; heads <= Math.min(one, other); heads++) {
    tail += Math.exp(term);
    term += Math.log(total - heads) - Math.log(heads + 1);
  }
  return Math.min(1, 2 * tail);
}
