// Of overlapping spans keeps those with the best total score: weighted interval scheduling, exact and not greedy.

export interface WeightedInterval {
  readonly start: number;
  readonly end: number;
  readonly score: number;
}

/** The subset without overlap that has the highest sum of scores, in order of position. Deterministic for equal sums. */
export function bestWithoutOverlap<Item extends WeightedInterval>(items: readonly Item[]): Item[] {
  const byEnd = [...items].sort(
    (one, other) => one.end - other.end || one.start - other.start || other.score - one.score,
  );
  // best[n]: the highest sum over the first n; before[n]: how many of the first n end where item n starts, or earlier.
  const best = new Float64Array(byEnd.length + 1);
  const before = byEnd.map((item) => countEndingBy(byEnd, item.start));
  byEnd.forEach((item, index) => {
    best[index + 1] = Math.max(best[index]!, best[before[index]!]! + item.score);
  });
  const kept: Item[] = [];
  for (let count = byEnd.length; count > 0; ) {
    if (best[count] === best[count - 1]) count--;
    else {
      kept.push(byEnd[count - 1]!);
      count = before[count - 1]!;
    }
  }
  return kept.reverse();
}

function countEndingBy(byEnd: readonly WeightedInterval[], offset: number): number {
  let low = 0;
  let high = byEnd.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (byEnd[middle]!.end <= offset) low = middle + 1;
    else high = middle;
  }
  return low;
}
