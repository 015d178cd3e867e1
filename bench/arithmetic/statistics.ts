// What a list of times comes to. Medians and quartiles: other work on the machine spoils means, and the least of many runs
// flatters whoever varies most.

export interface Summary {
  readonly runs: number;
  readonly median: number;
  /** A quarter of the runs were faster than `lower`, a quarter slower than `upper`. */
  readonly lower: number;
  readonly upper: number;
}

export function summarise(values: readonly number[]): Summary {
  if (values.length === 0) throw new Error("There are no values to summarise.");
  const sorted = [...values].sort((a, b) => a - b);
  return {
    runs: sorted.length,
    median: quantile(sorted, 0.5),
    lower: quantile(sorted, 0.25),
    upper: quantile(sorted, 0.75),
  };
}

export const median = (values: readonly number[]): number => summarise(values).median;

/** Between two neighbours the quantile lies on the line through both. */
function quantile(sorted: readonly number[], part: number): number {
  const place = (sorted.length - 1) * part;
  const below = Math.floor(place);
  const above = Math.min(sorted.length - 1, below + 1);
  return sorted[below]! + (place - below) * (sorted[above]! - sorted[below]!);
}

/**
 * How many times slower `other` is than `own`, run by run: both lists come from the same rounds, so that a slow moment of
 * the machine hits both sides of a quotient.
 */
export function ratios(other: readonly number[], own: readonly number[]): Summary {
  if (other.length !== own.length) throw new Error(`${other.length} runs cannot be paired with ${own.length}.`);
  return summarise(other.map((value, round) => value / own[round]!));
}
