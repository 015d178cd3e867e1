// What an image encoder is to whoever builds a network with one.
import type { Tensor4D } from "@tensorflow/tfjs-core";
import type { Parameters } from "../nn/parameters.js";
import type { TensorScope } from "../nn/tensor-scope.js";

export interface ImageSizes {
  readonly kind: string;
  /** Side of the square the photo is letterboxed to. */
  readonly size: number;
  /** Of the colours' values from 0 to 1, in the order red, green, blue. */
  readonly mean: readonly number[];
  readonly std: readonly number[];
  /** Order in which the encoder takes the colours; red first unless said. */
  readonly colours?: "rgb" | "bgr";
  /** Channels and strides of the maps it gives, coarsest first. */
  readonly channels: readonly number[];
  readonly strides: readonly number[];
}

/** Pixels [1, S, S, 3] → maps V_1..V_K [1, g, g, c], coarsest first, in slices of the scope. */
export type ImageForward = (pixels: Tensor4D, scope: TensorScope) => Promise<Tensor4D[]>;

export interface ImageEncoder {
  /** Why no such encoder has these sizes; null when it can be built. */
  refuse(sizes: ImageSizes): string | null;
  /** Declares its weights under `root` and returns its forward pass. */
  declare(p: Parameters, sizes: ImageSizes, root: string): ImageForward;
}

/** A refusal for encoders whose maps come after the third, fourth and fifth halving, so many times as wide as their stem. */
export function refuseOtherThan(sizes: ImageSizes, stem: number, factors: readonly number[]): string | null {
  const { size, strides, channels } = sizes;
  if (strides.join() !== "32,16,8") return `has strides ${strides.join(", ")}, but they must be 32, 16, 8`;
  if (size % 32 !== 0) return `has size ${size}, which does not divide by 32`;
  if (stem >= 1 && factors.every((factor, scale) => channels[scale] === factor * stem)) return null;
  return `has channels ${channels.join(", ")}, which are no widths of ${sizes.kind}`;
}
