// The heads: start, end and existence off the text; a box per cell and anchor, and «not in the photo», off photo and query.
import { matMul, type Tensor2D, type Tensor4D, tidy } from "@tensorflow/tfjs-core";
import { ANCHORS, BOX_VALUES, SCALES } from "./config.js";
import type { ScaleFeatures } from "./interactions.js";
import { convolve } from "./operations.js";
import type { Convolution, Linear, Matrix, WeightLoader } from "./weights.js";

/** Start, end and existence as one layer of three outputs; existence counts at the first row of a sequence only. */
export function loadTextHeads(loader: WeightLoader): Linear {
  return loader.linear(loader.matrix("span_head"), loader.matrix("existence_head"));
}

export const TEXT_OUTPUTS = 3;

export function loadGroundingHead(loader: WeightLoader): Convolution[] {
  return Array.from({ length: SCALES }, (_, scale) => loader.convolution(`grounding_head.scales.${scale}`));
}

/** What the grounding head reads off q, with the inner product's scale already in it: [wanted (d), none (1)]. */
export function groundingFromQuery(loader: WeightLoader, width: number): Matrix[] {
  return [loader.matrix("grounding_head.match_query", width ** -0.5), loader.matrix("grounding_head.none")];
}

/** (t_x, t_y, t_w, t_h, confidence) per anchor: [count, g, g, 15]. */
export function ground(conditioned: Tensor4D, head: Convolution): Tensor4D {
  return convolve(conditioned, head);
}

/** How well each cell matches what each query wants: [count, g·g]. */
export function match(wanted: Tensor2D, photo: ScaleFeatures): Tensor2D {
  return tidy(() => matMul(wanted, photo.matched));
}

/**
 * Candidates of all scales in the reference's order (scale, row, column, anchor), per sequence: the match is added to each
 * anchor's confidence. Done on numbers, since they have been read back anyway.
 */
export function assembleCandidates(
  grounded: readonly Float32Array[],
  matches: readonly Float32Array[],
  count: number,
): Float32Array {
  const perCell = ANCHORS * BOX_VALUES;
  const cellsPerScale = matches.map((values) => values.length / count);
  const total = cellsPerScale.reduce((sum, cells) => sum + cells, 0);
  const candidates = new Float32Array(count * total * perCell);
  let from = 0;
  cellsPerScale.forEach((cells, scale) => {
    for (let row = 0; row < count; row++) {
      const to = (row * total + from) * perCell;
      candidates.set(grounded[scale]!.subarray(row * cells * perCell, (row + 1) * cells * perCell), to);
      for (let cell = 0; cell < cells; cell++) {
        const added = matches[scale]![row * cells + cell]!;
        for (let anchor = 0; anchor < ANCHORS; anchor++) {
          candidates[to + cell * perCell + anchor * BOX_VALUES + BOX_VALUES - 1]! += added;
        }
      }
    }
    from += cells;
  });
  return candidates;
}
