// Reads an attention map: how strongly to leave each cell in the light, and in words where the query looked most.
import type { Attention } from "../core/results.js";

/** Opacity of the veil over each cell, 0 to 255: none where the query looked most. */
export function veil(attention: Attention): Uint8ClampedArray {
  const most = Math.max(...attention.cells, Number.MIN_VALUE);
  return Uint8ClampedArray.from(attention.cells, (cell) => 185 * (1 - Math.sqrt(cell / most)));
}

/** Index into a 3 × 3 field, row by row, of the third in which the attention's centre of weight lies; `null` when it is empty. */
export function lookedAt({ columns, rows, cells }: Attention): number | null {
  let weight = 0;
  let x = 0;
  let y = 0;
  // Squared, so that a long faint tail does not drag the answer to the middle.
  cells.forEach((cell, index) => {
    const squared = cell * cell;
    weight += squared;
    x += squared * ((index % columns) + 0.5);
    y += squared * (Math.floor(index / columns) + 0.5);
  });
  if (!(weight > 0)) return null;
  const third = (value: number, size: number): number => Math.min(2, Math.floor((value / weight / size) * 3));
  return third(y, rows) * 3 + third(x, columns);
}
