// The few operations that all parts of the network share, each as few kernels as TensorFlow.js allows. Everything is
// float32, maps are NHWC, and sequences are flattened to rows [batch × length, width] so that every product is one matrix.
import {
  add,
  concat,
  erf,
  fused,
  matMul,
  mean,
  mul,
  reshape,
  rsqrt,
  type Scalar,
  sigmoid,
  slice,
  softmax,
  square,
  sub,
  type Tensor,
  type Tensor1D,
  type Tensor2D,
  type Tensor4D,
  transpose,
} from "@tensorflow/tfjs-core";
import type { Convolution, Linear } from "./weights.js";

export function linear(x: Tensor2D, layer: Linear): Tensor2D {
  return fused.matMul({ a: x, b: layer.weight, bias: layer.bias }) as Tensor2D;
}

type Activation = "linear" | "leakyrelu";

/** Padded by half the kernel, as everywhere in the reference. */
export function convolve(x: Tensor4D, layer: Convolution, stride = 1, activation: Activation = "linear"): Tensor4D {
  const kernel = layer.filter.shape[0];
  const options = {
    x,
    filter: layer.filter,
    strides: stride,
    pad: Math.floor((kernel - 1) / 2),
    bias: layer.bias,
    activation,
    leakyreluAlpha: 0.1,
    dimRoundingMode: "floor" as const,
  };
  return layer.depthwise ? fused.depthwiseConv2d(options) : fused.conv2d(options);
}

/** x · sigmoid(x). */
export function silu<T extends Tensor>(x: T): T {
  return mul(x, sigmoid(x)) as T;
}

/**
 * GELU of x = u·√2, divided by √½: u + u·erf(u). The factors live in the matrices before and after, which saves two passes
 * over the widest map of the network.
 */
export function scaledGelu(u: Tensor2D): Tensor2D {
  return add(u, mul(u, erf(u)));
}

export interface Norm {
  readonly gain: Tensor1D;
  readonly offset: Tensor1D;
  readonly epsilon: Scalar;
}

/** Layer norm of each row. */
export function layerNorm(x: Tensor2D, norm: Norm): Tensor2D {
  const centred = sub(x, mean(x, 1, true));
  const variance = mean(square(centred), 1, true);
  const scaled = mul(centred, rsqrt(add(variance, norm.epsilon)));
  return add(mul(scaled, norm.gain), norm.offset);
}

/** Rows [batch × length, heads × size] as [batch, heads, length, size]. */
export function splitHeads(rows: Tensor2D, batch: number, heads: number): Tensor4D {
  const [count, width] = rows.shape;
  return transpose(reshape(rows, [batch, count / batch, heads, width / heads]), [0, 2, 1, 3]) as Tensor4D;
}

/** Scaled queries, keys and values as rows; `mask` is added to the scores. Gives rows like the queries. */
export function attend(
  query: Tensor2D,
  key: Tensor2D,
  value: Tensor2D,
  batch: number,
  heads: number,
  mask: Tensor4D | null,
): Tensor2D {
  const scores = matMul(splitHeads(query, batch, heads), splitHeads(key, batch, heads), false, true);
  const weights = softmax(mask === null ? scores : add(scores, mask));
  const mixed = matMul(weights, splitHeads(value, batch, heads));
  return reshape(transpose(mixed, [0, 2, 1, 3]), query.shape);
}

/** Columns [from, from + width) of a matrix. */
export function columns(rows: Tensor2D, from: number, width: number): Tensor2D {
  return slice(rows, [0, from], [rows.shape[0], width]);
}

/** Every cell twice across and twice down. */
export function grow(x: Tensor4D): Tensor4D {
  const [batch, height, width, channels] = x.shape;
  // Doubling along a row is laying the channels side by side twice; doubling down is the same for whole rows.
  const across = concat(
    [reshape(x, [batch * height * width, channels]), reshape(x, [batch * height * width, channels])],
    1,
  );
  const rows: Tensor2D = reshape(across, [batch * height, width * 2 * channels]);
  return reshape(concat([rows, rows], 1), [batch, height * 2, width * 2, channels]);
}

/** Cells of a map as rows. */
export function cells(x: Tensor4D): Tensor2D {
  const channels = x.shape[3];
  return reshape(x, [x.size / channels, channels]);
}
