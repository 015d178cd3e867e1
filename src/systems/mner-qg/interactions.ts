// How text and photo meet: the common width, the query vector, cross-modality interaction and existence awareness. T rows of
// L pieces, text width d_t, common width d, scales k of g × g cells. What does not depend on the query is computed once per
// photo.
import {
  add,
  concat,
  matMul,
  mean,
  mul,
  reshape,
  sigmoid,
  slice,
  softmax,
  type Tensor,
  type Tensor2D,
  type Tensor3D,
  type Tensor4D,
  tensor2d,
} from "@tensorflow/tfjs-core";
import type { TokenRows } from "../../encoders/bert.js";
import { gridSizes } from "../../encoders/index.js";
import { attend, cells, conditioned, convolve, linear } from "../../nn/operations.js";
import { type Linear, type Matrix, type Parameters, scaled } from "../../nn/parameters.js";
import { COORDINATES, type MnerQgConfig } from "./config.js";

/** V_k → U_k: the common width, with where each cell is written beside it: [1, g, g, d + 8]. */
export function declareCommonWidth(p: Parameters, config: MnerQgConfig): ((v: Tensor4D) => Tensor4D)[] {
  return gridSizes(config.image).map((grid, k) => {
    const layer = p.normedConvolution(`common_width.scales.${k}`, config.image.channels[k]!, config.width);
    const where = p.later(() => ({ cells: p.tensor<Tensor4D>(coordinates(grid), [1, grid, grid, COORDINATES]) }));
    return (v) => concat([convolve(v, layer, 1, "silu"), where.cells], 3);
  });
}

/** Left, top, right, bottom and centre of each cell in [-1, 1], and twice 1/g. */
function coordinates(grid: number): Float32Array {
  const values = new Float32Array(grid * grid * COORDINATES);
  const edge = (index: number): number => -1 + (2 * index) / grid;
  let at = 0;
  for (let row = 0; row < grid; row++) {
    for (let column = 0; column < grid; column++) {
      const [left, top, right, bottom] = [edge(column), edge(row), edge(column + 1), edge(row + 1)];
      values.set([left, top, right, bottom, (left + right) / 2, (top + bottom) / 2, 1 / grid, 1 / grid], at);
      at += COORDINATES;
    }
  }
  return values;
}

/**
 * q: attention pooling over the query's own pieces, so that any words can be asked for. All rows are pooled by one product
 * with a matrix that is zero outside each row's own query.
 */
export function declareQueryVector(p: Parameters, { text, width }: MnerQgConfig) {
  const score = p.linear(p.matrix("query_vector.score", text.width, 1));
  const project = p.linear(p.matrix("query_vector.project", text.width, width));
  return (hidden: Tensor2D, rows: TokenRows): Tensor2D => {
    const all = rows.rows * rows.length;
    const { chosen, offsets } = queryMasks(rows);
    const scores: Tensor2D = reshape(linear(hidden, score), [1, all]); //                          [1, T·L]
    const own = mul(tensor2d(chosen, [rows.rows, all]), scores); //                                [T, T·L]
    const weights = softmax(add(own, tensor2d(offsets, [rows.rows, all])) as Tensor2D); //         [T, T·L]
    return linear(matMul(weights, hidden), project); //                                            [T, d]
  };
}

/**
 * Per row: 1 at its query's pieces ([CLS] and [SEP] excluded) and what is added to the scores elsewhere. A query without
 * pieces falls back to the mean of its row, as in the reference.
 */
function queryMasks({ rows: count, length, segments, lengths }: TokenRows) {
  const chosen = new Float32Array(count * count * length);
  const offsets = new Float32Array(count * count * length).fill(-1e9);
  for (let sequence = 0; sequence < count; sequence++) {
    const from = sequence * length;
    const row = sequence * count * length + from;
    let pieces = 0;
    for (let at = 0; at < lengths[sequence]!; at++) if (segments[from + at] === 0) pieces++;
    offsets.fill(-1e4, row, row + length);
    for (let at = 1; at < pieces - 1; at++) {
      chosen[row + at] = 1;
      offsets[row + at] = 0;
    }
  }
  return { chosen, offsets };
}

/** The part of a conditioned map that comes before the query scales and shifts it: U_k → [1, g, g, d]. */
export function declareReduce(p: Parameters, { image, width }: MnerQgConfig): ((u: Tensor4D) => Tensor4D)[] {
  return image.strides.map((_, k) => {
    const layer = p.normedConvolution(`cross_modality.vision.${k}.reduce`, width + COORDINATES, width);
    return (u) => convolve(u, layer);
  });
}

/** 1 + scale and shift of each scale's channels, as layers over q. */
export function conditionMatrices(p: Parameters, { image, width }: MnerQgConfig): Matrix[] {
  return image.strides.map((_, k) => {
    const matrix = p.matrix(`cross_modality.vision.${k}.condition`, width, 2 * width);
    const read = () => {
      const { values, bias } = matrix.read();
      return { values, bias: bias.map((value, channel) => (channel < width ? value + 1 : value)) };
    };
    return { ...matrix, read };
  });
}

/** F_k: the map of one scale as each query sees it. The query shifts *and scales* the channels: it selects, not only adds. */
export function declareConditionedMaps(p: Parameters, { image, width, depthwise }: MnerQgConfig) {
  return image.strides.map((_, k) => {
    const name = `cross_modality.vision.${k}`;
    const mix = p.normedConvolution(`${name}.mix`, width, width, { kernel: 3, groups: depthwise ? width : 1 });
    const out = p.normedConvolution(`${name}.out`, width, width);
    return (reduced: Tensor4D, fromQuery: Tensor2D): Tensor4D => {
      const f = conditioned(reduced, fromQuery, 2 * k * width); //                                 [T, g, g, d]
      return convolve(convolve(f, mix, 1, "silu"), out, 1, "linear", f);
    };
  });
}

/** Tokens look at the cells of every scale; a gate per token and channel decides how much of it is let in. */
export function declareCrossModality(p: Parameters, { image, text, width, attentionHeads: heads }: MnerQgConfig) {
  const scales = image.strides.length;
  const keyValue = image.strides.map((_, k) =>
    p.linear(p.matrix(`cross_modality.key.${k}`, width, width), p.matrix(`cross_modality.value.${k}`, width, width)),
  );
  const query = p.linear(scaled(p.matrix("cross_modality.query", text.width, width), 1 / Math.sqrt(width / heads)));
  const project = p.linear(p.matrix("cross_modality.project", scales * width, text.width));
  const gate = p.linear(p.matrix("cross_modality.gate", 2 * text.width, text.width));
  return {
    query: (hidden: Tensor2D): Tensor2D => linear(hidden, query), //                               [T·L, d]

    /** Of a map's cells, side by side. */
    keysValues: (k: number, f: Tensor4D): Tensor2D => linear(cells(f), keyValue[k]!), //            [T·g·g, 2d]

    attention: (queries: Tensor2D, rows: Tensor2D, batch: number): Tensor2D =>
      attend({ rows: queries, column: 0 }, { rows, column: 0 }, { rows, column: width }, { batch, heads, width }, null), //                                                                                        [T·L, d]

    gatedFusion(hidden: Tensor2D, attended: Tensor2D[]): { fused: Tensor2D; gateMean: Tensor } {
      const a = linear(attended, project); //                                                      [T·L, d_t]
      const z = sigmoid(linear([hidden, a], gate)); //                                             [T·L, d_t]
      return { fused: add(hidden, mul(z, a)), gateMean: mean(z, 1) };
    },
  };
}

/**
 * Existence-aware uni-modality interaction: every token, knowing the global signal e (the first piece of its row), attends to
 * «absent» and «present». The two labels are constants, so the four matrices of the reference shrink to two thin ones.
 */
export function declareExistenceAware(p: Parameters, { text: { width } }: MnerQgConfig) {
  const labels = p.values("existence.labels", [2, width]);
  const part = (name: string): Matrix => p.matrix(`existence.${name}`, width, width);
  const [query, key, value, output] = [part("query"), part("key"), part("value"), part("output")];
  const scores: Linear = p.linear({
    inputs: width,
    outputs: 2,
    read: () => {
      const keys = apply(labels.read(), key);
      const projection = query.read();
      const values = new Float32Array(2 * width);
      const bias = new Float32Array(2);
      for (let label = 0; label < 2; label++) {
        let offset = 0;
        for (let i = 0; i < width; i++) {
          const weight = keys[label * width + i]! / Math.sqrt(width);
          offset += projection.bias[i]! * weight;
          for (let input = 0; input < width; input++)
            values[label * width + input]! += projection.values[i * width + input]! * weight;
        }
        // Half, because the score of a token and that of its row's first piece are added.
        bias[label] = offset / 2;
      }
      return { values, bias };
    },
  });
  const update: Linear = p.linear({
    inputs: 2,
    outputs: width,
    read: () => {
      const added = apply(apply(labels.read(), value), output, false);
      const values = new Float32Array(width * 2);
      for (let i = 0; i < width; i++) [values[2 * i], values[2 * i + 1]] = [added[i]!, added[width + i]!];
      return { values, bias: output.read().bias };
    },
  });
  return (hidden: Tensor2D, batch: number): Tensor2D => {
    const all = hidden.shape[0];
    // The query projection is linear, so that of h + e is the sum of both projections.
    const own: Tensor3D = reshape(linear(hidden, scores), [batch, all / batch, 2]); //             [T, L, 2]
    const e = slice(own, [0, 0, 0], [batch, 1, 2]);
    const weights: Tensor2D = reshape(softmax(add(own, e)), [all, 2]); //                          [T·L, 2]
    return add(hidden, linear(weights, update)); //                                                [T·L, d_t]
  };
}

/** Rows through a linear layer, in double precision. */
function apply(rows: ArrayLike<number>, layer: Matrix, biased = true): Float64Array {
  const { inputs, outputs } = layer;
  const { values, bias } = layer.read();
  const count = rows.length / inputs;
  const result = new Float64Array(count * outputs);
  for (let row = 0; row < count; row++) {
    for (let output = 0; output < outputs; output++) {
      let sum = biased ? bias[output]! : 0;
      for (let input = 0; input < inputs; input++)
        sum += rows[row * inputs + input]! * values[output * inputs + input]!;
      result[row * outputs + output] = sum;
    }
  }
  return result;
}
