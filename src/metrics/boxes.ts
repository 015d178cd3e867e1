// How far two boxes agree. Vision has its own overlap for suppression; this one is the measure that scores are made of.

/** Left, top, right, bottom. */
export type ScoredBox = readonly [x0: number, y0: number, x1: number, y1: number];

export function intersectionOverUnion(a: ScoredBox, b: ScoredBox): number {
  const width = Math.min(a[2], b[2]) - Math.max(a[0], b[0]);
  const height = Math.min(a[3], b[3]) - Math.max(a[1], b[1]);
  if (width <= 0 || height <= 0) return 0;
  const intersection = width * height;
  const union = (a[2] - a[0]) * (a[3] - a[1]) + (b[2] - b[0]) * (b[3] - b[1]) - intersection;
  return union > 0 ? intersection / union : 0;
}

/** The box's best overlap with any of the gold boxes; 0 without a box. */
export function bestOverlap(box: ScoredBox | null, gold: readonly ScoredBox[]): number {
  let best = 0;
  if (box !== null) for (const other of gold) best = Math.max(best, intersectionOverUnion(box, other));
  return best;
}
