// The few operations that all parts of the network share, each as few kernels as TensorFlow.js allows. Everything is
// float32, maps are NHWC, and sequences are flattened to rows [batch × length, width] so that every product is one matrix.
import {
  add,
  concat,
  erf,
  matMul,
  mean,
  mul,
  reshape,
  rsqrt,
  sigmoid,
  slice,
  softmax,
  square,
  sub,
  type Tensor,
  type Tensor2D,
  type Tensor4D,
  tidy,
  transpose,
} from "@tensorflow/tfjs-core";
import { type Activation, FUSED, hasFused, MOST_PARTS, runFused } from "./fused.js";
import type { Convolution, Linear, Norm } from "./parameters.js";

/** What a leaky ReLU keeps of what is below zero. */
const LEAK = 0.1;
/** Our depthwise kernel takes channels by fours. */
const FEWEST_CHANNELS = 4;
/** A shader has one lane for each four columns of a head. */
const WIDEST_HEAD = 64;

/**
 * A linear layer over the last dimension, and what comes after it. Several inputs count as one, side by side: kernels of our own
 * read each where it is, others from a concatenation. `plus` is added to what comes out; of maps it may be one for all.
 */
export function linear<T extends Tensor2D | Tensor4D>(
  x: T | readonly T[],
  layer: Linear,
  activation: Activation = "linear",
  plus: T | null = null,
): T {
  const { inputs, outputs, kernel, weight, steps, top, bias } = layer;
  const parts = Array.isArray(x) ? (x as readonly T[]) : [x as T];
  if (kernel !== null && parts.length <= MOST_PARTS) {
    const [first, x1 = null, x2 = null, x3 = null] = parts;
    const given = { x: first!, x1, x2, x3, panels: weight, steps, bias, plus };
    return runFused<T>(kernel, given, { inputs, outputs, activation, top });
  }
  if (plus !== null) return tidy(() => add(linear(x, layer, activation), plus) as T);
  if (parts.length > 1) return tidy(() => linear(concat([...parts], parts[0]!.rank - 1) as T, layer, activation));
  const whole = parts[0]!;
  if (whole.rank === 2) return activate(product(whole as Tensor2D, layer, activation), activation) as T;
  const [batch, height, width] = whole.shape as [number, number, number, number];
  return tidy(() => {
    const rows: Tensor2D = reshape(whole, [batch * height * width, inputs]);
    return reshape(activate(product(rows, layer, activation), activation), [
      batch,
      height,
      width,
      outputs,
    ]) as Tensor as T;
  });
}

/** Of the activations only the leaky ReLU is one that fused operations know. */
const known = (activation: Activation): "leakyrelu" | "linear" => (activation === "leakyrelu" ? activation : "linear");

// Kernels are called by name: the library's functions for them bring their gradients with them, a tenth of its script.
const product = (rows: Tensor2D, { weight, bias }: Linear, activation: Activation): Tensor2D =>
  tidy(() => {
    const [count, inputs] = rows.shape;
    const outputs = weight.shape[1]!;
    const given = { a: reshape(rows, [1, count, inputs]), b: reshape(weight, [1, inputs, outputs]), bias };
    const settings = { transposeA: false, transposeB: false, activation: known(activation), leakyreluAlpha: LEAK };
    return reshape(runFused("_FusedMatMul", given, settings), [count, outputs]);
  });

function activate<T extends Tensor>(x: T, activation: Activation): T {
  if (activation === "silu") return silu(x);
  if (activation === "gelu") return scaledGelu(x);
  return x;
}

/** Padded by half the kernel, as everywhere in the reference. Several inputs count as one, side by side. */
export function convolve(
  input: Tensor4D | readonly Tensor4D[],
  layer: Convolution,
  stride = 1,
  activation: Activation = "linear",
  plus: Tensor4D | null = null,
): Tensor4D {
  const { kernel, filter, bias, depthwise, pointwise } = layer;
  if (pointwise !== null) return linear(input, pointwise, activation, plus);
  if (plus !== null) return tidy(() => add(convolve(input, layer, stride, activation), plus) as Tensor4D);
  if (Array.isArray(input)) return tidy(() => convolve(concat([...input], 3), layer, stride, activation));
  const x = input as Tensor4D;
  if (depthwise && hasFused(FUSED.depthwise) && x.shape[3] >= FEWEST_CHANNELS) {
    return runFused<Tensor4D>(FUSED.depthwise, { x, filter, bias }, { stride, activation });
  }
  const settings = {
    strides: stride,
    pad: Math.floor((kernel - 1) / 2),
    dataFormat: "NHWC",
    dilations: [1, 1],
    dimRoundingMode: "floor",
    activation: known(activation),
    leakyreluAlpha: LEAK,
  };
  const name = depthwise ? "FusedDepthwiseConv2D" : "FusedConv2D";
  return activate(runFused<Tensor4D>(name, { x, filter, bias }, settings), activation);
}

/** SiLU of a map [1, g, g, d] scaled and shifted as each row of conditions has it from the given column on: [count, g, g, d]. */
export function conditioned(x: Tensor4D, conditions: Tensor2D, column: number): Tensor4D {
  const depth = x.shape[3];
  if (hasFused(FUSED.condition) && depth % 4 === 0) {
    return runFused<Tensor4D>(FUSED.condition, { x, conditions }, { column });
  }
  const part = (at: number): Tensor4D =>
    reshape(columns(conditions, column + at * depth, depth), [conditions.shape[0], 1, 1, depth]);
  return tidy(() => silu(add(mul(x, part(0)), part(1)) as Tensor4D));
}

/** x · sigmoid(x). */
export function silu<T extends Tensor>(x: T): T {
  if (hasFused(FUSED.silu)) return runFused<T>(FUSED.silu, { x });
  return mul(x, sigmoid(x)) as T;
}

/**
 * GELU of x = u·√2, divided by √½: u + u·erf(u). The factors live in the matrices before and after, which saves two passes
 * over the widest map of the network.
 */
export function scaledGelu<T extends Tensor>(u: T): T {
  if (hasFused(FUSED.gelu)) return runFused<T>(FUSED.gelu, { x: u });
  return add(u, mul(u, erf(u))) as T;
}

/** Layer norm of each row of x + y, or of x alone. */
export function layerNorm(x: Tensor2D, y: Tensor2D | null, norm: Norm): Tensor2D {
  const { gain, offset, epsilon } = norm;
  if (hasFused(FUSED.layerNorm) && x.shape[1] % 4 === 0) {
    return runFused<Tensor2D>(FUSED.layerNorm, { x, y, gain, offset }, { epsilon });
  }
  const sum = y === null ? x : add(x, y);
  const centred = sub(sum, mean(sum, 1, true));
  const variance = mean(square(centred), 1, true);
  const scaled = mul(centred, rsqrt(add(variance, norm.epsilonTensor)));
  return add(mul(scaled, gain), offset);
}

/** Some columns of a matrix of rows, from the given one on. */
export interface Part {
  readonly rows: Tensor2D;
  readonly column: number;
}

export interface AttentionShape {
  /** Sequences in the rows. */
  readonly batch: number;
  readonly heads: number;
  /** Columns of each part, of all heads together. */
  readonly width: number;
}

/**
 * Scaled queries, keys and values; `mask` [batch, keys] is added to the scores. Gives rows like the queries. The parts may
 * stand side by side in one matrix, as the product that made them left them.
 */
export function attend(query: Part, key: Part, value: Part, shape: AttentionShape, mask: Tensor2D | null): Tensor2D {
  const { batch, heads, width } = shape;
  if (hasFused(FUSED.attention) && (width / heads) % 8 === 0 && width / heads <= WIDEST_HEAD) {
    return runFused<Tensor2D>(
      FUSED.attention,
      { query: query.rows, key: key.rows, value: value.rows, mask },
      { ...shape, queryColumn: query.column, keyColumn: key.column, valueColumn: value.column },
    );
  }
  const split = ({ rows, column }: Part): Tensor4D => {
    const own = column === 0 && rows.shape[1] === width ? rows : columns(rows, column, width);
    return transpose(reshape(own, [batch, rows.shape[0] / batch, heads, width / heads]), [0, 2, 1, 3]) as Tensor4D;
  };
  const scores = matMul(split(query), split(key), false, true);
  const masked = mask === null ? scores : add(scores, reshape(mask, [batch, 1, 1, mask.shape[1]]));
  const mixed = matMul(softmax(masked), split(value));
  return reshape(transpose(mixed, [0, 2, 1, 3]), [query.rows.shape[0], width]);
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
