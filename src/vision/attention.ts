// Where in the photo a query looked: the network's weights over the cells of its square grids, laid over the photo alone.
import type { Letterbox } from "./letterbox.js";

/** Weights over one square grid, row by row, as the network has them. */
export interface AttentionGrid {
  readonly grid: number;
  readonly weights: ArrayLike<number>;
}

/** One weight per cell over the photo, row by row, summing to 1. */
export interface PhotoAttention {
  readonly columns: number;
  readonly rows: number;
  readonly cells: readonly number[];
}

/**
 * Crops grids of the letterboxed square to the photo and adds them up.
 *
 * The photo's edge seldom falls on a cell's edge, so weights are shared out by area: the result's cells divide the photo
 * evenly and can be drawn over it as they are. Weight on the padding is dropped.
 */
export function attentionOverPhoto(grids: readonly AttentionGrid[], letterbox: Letterbox): PhotoAttention {
  const finest = grids.reduce((most, { grid }) => Math.max(most, grid), 1);
  const stride = letterbox.size / finest;
  const columns = Math.max(1, Math.round(letterbox.scaledWidth / stride));
  const rows = Math.max(1, Math.round(letterbox.scaledHeight / stride));
  const cells = new Float64Array(columns * rows);
  for (const { grid, weights } of grids) {
    const cellSize = letterbox.size / grid;
    const across = overlaps(letterbox.left, letterbox.scaledWidth, columns, cellSize, grid);
    const down = overlaps(letterbox.top, letterbox.scaledHeight, rows, cellSize, grid);
    for (const vertical of down) {
      for (const horizontal of across) {
        const weight = weights[vertical.source * grid + horizontal.source]!;
        if (!(weight > 0) || weight === Number.POSITIVE_INFINITY) continue;
        const to = vertical.target * columns + horizontal.target;
        cells[to] = cells[to]! + weight * vertical.part * horizontal.part;
      }
    }
  }
  const sum = cells.reduce((total, weight) => total + weight, 0);
  // Nothing but padding (or broken numbers) was looked at: no place stands out.
  const even = 1 / cells.length;
  return { columns, rows, cells: Array.from(cells, (weight) => (sum > 0 ? weight / sum : even)) };
}

interface Overlap {
  readonly target: number;
  readonly source: number;
  /** Part of the source cell that lies in the target cell. */
  readonly part: number;
}

function overlaps(start: number, length: number, targets: number, cellSize: number, grid: number): Overlap[] {
  const found: Overlap[] = [];
  for (let target = 0; target < targets; target++) {
    const low = start + (length * target) / targets;
    const high = start + (length * (target + 1)) / targets;
    const last = Math.min(grid - 1, Math.ceil(high / cellSize) - 1);
    for (let source = Math.floor(low / cellSize); source <= last; source++) {
      const part = (Math.min(high, (source + 1) * cellSize) - Math.max(low, source * cellSize)) / cellSize;
      if (part > 0) found.push({ target, source, part });
    }
  }
  return found;
}
