// The heads: start, end and existence off the text; a box per cell and anchor, and «not in the photo», off photo and query.
import { matMul, type Tensor2D, type Tensor4D, tidy } from "@tensorflow/tfjs-core";
import { SCALES } from "./config.js";
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

/** (t_x, t_y, t_w, t_h, confidence) per anchor: [count, g, g, 15]. What the query says is added to what all queries share. */
export function ground(conditioned: Tensor4D, head: Convolution, photo: ScaleFeatures): Tensor4D {
  return convolve(conditioned, head, 1, "linear", photo.objects);
}

/** How well each cell matches what each query wants: [count, g·g]. */
export function match(wanted: Tensor2D, photo: ScaleFeatures): Tensor2D {
  return tidy(() => matMul(wanted, photo.matched));
}
