// Boxes: one type and one measure of overlap for every room.

/** Left, top, right, bottom. */
export type Box = readonly [x0: number, y0: number, x1: number, y1: number];

/** How much two boxes share, as part of their union, 0 to 1. */
export function intersectionOverUnion(one: Box, other: Box): number {
  return overlapAt(one, other, 0);
}

/** The same, with the other box as four numbers inside a longer list. */
export function overlapAt(one: Box, others: ArrayLike<number>, at: number): number {
  const x0 = others[at]!;
  const y0 = others[at + 1]!;
  const x1 = others[at + 2]!;
  const y1 = others[at + 3]!;
  const width = Math.min(one[2], x1) - Math.max(one[0], x0);
  const height = Math.min(one[3], y1) - Math.max(one[1], y0);
  if (!(width > 0 && height > 0)) return 0;
  const shared = width * height;
  const union = (one[2] - one[0]) * (one[3] - one[1]) + (x1 - x0) * (y1 - y0) - shared;
  return union > 0 ? shared / union : 0;
}
