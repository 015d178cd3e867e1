// How well a box agrees with gold boxes.
import { type Box, intersectionOverUnion } from "../core/geometry.js";

export { intersectionOverUnion };
export type ScoredBox = Box;

/** The box's best overlap with any of the gold boxes; 0 without a box. */
export function bestOverlap(box: ScoredBox | null, gold: readonly ScoredBox[]): number {
  let best = 0;
  if (box !== null) for (const other of gold) best = Math.max(best, intersectionOverUnion(box, other));
  return best;
}
