// The transformer layer of the heads: queries look at a memory, or at themselves, then a feed-forward part, both with norms.
import {
  concat,
  matMul,
  mean,
  reshape,
  softmax,
  type Tensor2D,
  type Tensor3D,
  type Tensor4D,
  tensor2d,
  transpose,
} from "@tensorflow/tfjs-core";
import { attend, columns, layerNorm, linear } from "../../nn/operations.js";
import { type Linear, type Matrix, type Norm, type Parameters, scaled, scaledInputs } from "../../nn/parameters.js";

const EPSILON = 1e-12;

export interface Attention {
  readonly width: number;
  readonly heads: number;
  readonly query: Linear;
  readonly keyValue: Linear;
  readonly output: Linear;
}

export interface Layer {
  readonly attention: Attention;
  readonly attentionNorm: Norm;
  readonly up: Linear;
  readonly down: Linear;
  readonly norm: Norm;
}

export interface LayerSizes {
  readonly width: number;
  readonly heads: number;
  readonly feedForward: number;
}

/** So many sequences in the rows, and what is added to scores [batch, keys]. */
export interface Rows {
  readonly batch: number;
  readonly mask: Tensor2D | null;
}

/** All rows look at one memory. */
export const ONE_MEMORY: Rows = { batch: 1, mask: null };

export function declareNorm(p: Parameters, name: string, width: number): Norm {
  return p.norm(name, width, EPSILON);
}

export function declareQuery(p: Parameters, name: string, { width, heads }: LayerSizes): Linear {
  return p.linear(scaled(p.matrix(name, width, width), 1 / Math.sqrt(width / heads)));
}

export function declareAttention(p: Parameters, name: string, sizes: LayerSizes): Attention {
  const { width, heads } = sizes;
  return {
    width,
    heads,
    query: declareQuery(p, `${name}.query`, sizes),
    keyValue: p.linear(p.matrix(`${name}.key`, width, width), p.matrix(`${name}.value`, width, width)),
    output: p.linear(p.matrix(`${name}.output`, width, width)),
  };
}

/** Both matrices of a feed-forward part with GELU, whose factors go into them. */
export function declareFeedForward(p: Parameters, name: string, { width, feedForward }: LayerSizes) {
  return {
    up: p.linear(scaled(p.matrix(`${name}up`, width, feedForward), Math.SQRT1_2)),
    down: p.linear(scaledInputs(p.matrix(`${name}down`, feedForward, width), Math.SQRT1_2)),
  };
}

export function declareTransformerLayer(p: Parameters, name: string, sizes: LayerSizes): Layer {
  return {
    attention: declareAttention(p, `${name}.attention`, sizes),
    attentionNorm: declareNorm(p, `${name}.attention_norm`, sizes.width),
    ...declareFeedForward(p, `${name}.`, sizes),
    norm: declareNorm(p, `${name}.norm`, sizes.width),
  };
}

export function lookAt(
  { width, heads, ...net }: Attention,
  x: Tensor2D,
  memory: Tensor2D,
  { batch, mask }: Rows,
): Tensor2D {
  const [query, both] = [linear(x, net.query), linear(memory, net.keyValue)];
  const part = (column: number) => ({ rows: both, column });
  return linear(attend({ rows: query, column: 0 }, part(0), part(width), { batch, heads, width }, mask), net.output);
}

export function feedForward({ up, down }: Pick<Layer, "up" | "down">, x: Tensor2D): Tensor2D {
  return linear(linear(x, up, "gelu"), down);
}

/** [rows, d] and a memory [rows of it, d] → [rows, d]. */
export function transformerLayer(layer: Layer, x: Tensor2D, memory: Tensor2D, rows: Rows): Tensor2D {
  const seen = layerNorm(x, lookAt(layer.attention, x, memory, rows), layer.attentionNorm);
  return layerNorm(seen, feedForward(layer, seen), layer.norm);
}

/** How much each row looks at each of one memory, the mean of all heads: [rows, memory]. */
export function looks({ width, heads, ...net }: Attention, x: Tensor2D, memory: Tensor2D): Tensor2D {
  const split = (rows: Tensor2D): Tensor4D =>
    transpose(reshape(rows, [1, rows.shape[0], heads, width / heads]), [0, 2, 1, 3]) as Tensor4D;
  const keys = columns(linear(memory, net.keyValue), 0, width);
  const chances = softmax(matMul(split(linear(x, net.query)), split(keys), false, true)); //   [1, heads, rows, memory]
  return reshape(mean(chances, 1), [x.shape[0], memory.shape[0]]);
}

/** The same rows for each of a batch, one after the other: new tensors also for one, since a run frees what it makes. */
export function repeated(rows: Tensor2D, batch: number): Tensor2D {
  return concat(Array.from({ length: batch }, () => rows)) as Tensor2D;
}

export const rowsOf = (values: Float32Array, width: number): Tensor2D =>
  tensor2d(values, [values.length / width, width]);

/** [batch · n, d] → [batch, n, d]. */
export const grouped = (rows: Tensor2D, batch: number): Tensor3D =>
  reshape(rows, [batch, rows.shape[0] / batch, rows.shape[1]]);

/** The part of a layer that reads some of its inputs; one of the parts brings the bias. */
export function inputsOf(matrix: Matrix, from: number, inputs: number, biased: boolean): Matrix {
  const { outputs } = matrix;
  return {
    inputs,
    outputs,
    read: () => {
      const { values, bias } = matrix.read();
      const part = new Float32Array(outputs * inputs);
      for (let output = 0; output < outputs; output++) {
        const row = output * matrix.inputs + from;
        part.set(values.subarray(row, row + inputs), output * inputs);
      }
      return { values: part, bias: biased ? bias : new Float32Array(outputs) };
    },
  };
}
