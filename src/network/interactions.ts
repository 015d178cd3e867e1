// How text and photo meet: the common width, the query vector, cross-modality interaction and existence awareness.
// What does not depend on the query is computed once per photo and kept with its features.
import {
  add,
  concat,
  matMul,
  mean,
  mul,
  reshape,
  sigmoid,
  softmax,
  type Tensor,
  type Tensor2D,
  type Tensor4D,
  tensor2d,
  tidy,
  transpose,
} from "@tensorflow/tfjs-core";
import { COORDINATES, gridSizes, isDepthwise, type NetworkConfig, SCALES } from "./config.js";
import { attend, cells, conditioned, convolve, linear } from "./operations.js";
import type { Sequences } from "./text-encoder.js";
import type { Convolution, Linear, Matrix, WeightLoader } from "./weights.js";

/** One scale of a photo as every query shares it. */
export interface ScaleFeatures {
  readonly grid: number;
  /** The first convolution of the query-conditioned map, before a query scales and shifts it: [1, g, g, d]. */
  readonly reduced: Tensor4D;
  /** What queries are matched against: [d, g·g]. */
  readonly matched: Tensor2D;
  /** What the grounding head says of each anchor whatever is asked for: [1, g, g, 15]. */
  readonly objects: Tensor4D;
}

export interface PhotoScale {
  readonly common: Convolution;
  readonly coordinates: Tensor4D;
  readonly reduce: Convolution;
  readonly matchCells: Convolution;
  readonly objects: Convolution;
}

export function loadPhotoScales(loader: WeightLoader, config: NetworkConfig): PhotoScale[] {
  return gridSizes(config).map((grid, scale) => ({
    common: loader.normedConvolution(`common_width.scales.${scale}`),
    coordinates: loader.keep(coordinates(grid), [1, grid, grid, COORDINATES]) as Tensor4D,
    reduce: loader.normedConvolution(`cross_modality.vision.${scale}.reduce`),
    matchCells: loader.convolution(`grounding_head.match_cells.${scale}`),
    objects: loader.convolution(`grounding_head.objects.${scale}`),
  }));
}

/** Left, top, right, bottom and centre of each cell in [-1, 1], and twice 1/g. */
export function coordinates(grid: number): Float32Array {
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

/** V_k → U_k: the common width, with where each cell is written beside it. */
export function commonWidth(v: Tensor4D, scale: PhotoScale): Tensor4D {
  return tidy(() => concat([convolve(v, scale.common, 1, "silu"), scale.coordinates], 3));
}

/** What all queries of a photo share, from V_k and U_k. */
export function prepareScale(v: Tensor4D, u: Tensor4D, scale: PhotoScale): ScaleFeatures {
  const [reduced, matched, objects] = tidy(() => [
    convolve(u, scale.reduce),
    transpose(cells(convolve(u, scale.matchCells))),
    convolve(v, scale.objects),
  ]);
  return {
    grid: u.shape[1],
    reduced: reduced as Tensor4D,
    matched: matched as Tensor2D,
    objects: objects as Tensor4D,
  };
}

export interface QueryVector {
  readonly score: Linear;
  readonly project: Linear;
}

export function loadQueryVector(loader: WeightLoader): QueryVector {
  return {
    score: loader.linear(loader.matrix("query_vector.score")),
    project: loader.linear(loader.matrix("query_vector.project")),
  };
}

/**
 * q: attention pooling over the query's own pieces, [count, d]. All sequences are pooled by one product with a matrix
 * [count, rows] that is zero outside each sequence's own query.
 */
export function poolQuery(layer: QueryVector, hidden: Tensor2D, sequences: Sequences): Tensor2D {
  const rows = sequences.rows * sequences.length;
  const { chosen, offsets } = queryMasks(sequences);
  return tidy(() => {
    const score: Tensor2D = reshape(linear(hidden, layer.score), [1, rows]);
    const masked = add(
      mul(tensor2d(chosen, [sequences.rows, rows]), score),
      tensor2d(offsets, [sequences.rows, rows]),
    ) as Tensor2D;
    return linear(matMul(softmax(masked), hidden), layer.project);
  });
}

/**
 * Per sequence: 1 at its query's pieces ([CLS] and [SEP] excluded) and what is added to the scores elsewhere. A query
 * without pieces falls back to the mean of its sequence, as in the reference.
 */
function queryMasks({ rows: count, length, segments, lengths }: Sequences): {
  chosen: Float32Array;
  offsets: Float32Array;
} {
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

interface ConditionedScale {
  readonly mix: Convolution;
  readonly out: Convolution;
  readonly keyValue: Linear;
}

export interface CrossModality {
  readonly width: number;
  readonly heads: number;
  /** From q: per scale 1 + scale and shift, then what the grounding head wants of q. */
  readonly fromQuery: Linear;
  readonly scales: readonly ConditionedScale[];
  readonly query: Linear;
  readonly project: Linear;
  readonly gate: Linear;
}

/** `alsoFromQuery`: further layers over q, computed in the same product. */
export function loadCrossModality(loader: WeightLoader, config: NetworkConfig, alsoFromQuery: Matrix[]): CrossModality {
  const d = config.width;
  const conditions = Array.from({ length: SCALES }, (_, scale) => {
    const matrix = loader.matrix(`cross_modality.vision.${scale}.condition`);
    const bias = matrix.bias.slice();
    for (let channel = 0; channel < d; channel++) bias[channel] = bias[channel]! + 1;
    return { ...matrix, bias };
  });
  return {
    width: d,
    heads: config.attentionHeads,
    fromQuery: loader.linear(...conditions, ...alsoFromQuery),
    scales: Array.from({ length: SCALES }, (_, scale) => ({
      mix: loader.normedConvolution(`cross_modality.vision.${scale}.mix`, isDepthwise(config)),
      out: loader.normedConvolution(`cross_modality.vision.${scale}.out`),
      keyValue: loader.linear(
        loader.matrix(`cross_modality.key.${scale}`),
        loader.matrix(`cross_modality.value.${scale}`),
      ),
    })),
    query: loader.linear(loader.matrix("cross_modality.query", 1 / Math.sqrt(d / config.attentionHeads))),
    project: loader.linear(loader.matrix("cross_modality.project")),
    gate: loader.linear(loader.matrix("cross_modality.gate")),
  };
}

/** F_k: the map of one scale as each query sees it, [count, g, g, d]. `conditions` comes from `fromQuery`. */
export function conditionMap(
  layer: CrossModality,
  scale: number,
  photo: ScaleFeatures,
  conditions: Tensor2D,
): Tensor4D {
  const d = layer.width;
  const { mix, out } = layer.scales[scale]!;
  return tidy(() => {
    const f = conditioned(photo.reduced, conditions, 2 * scale * d);
    return convolve(convolve(f, mix, 1, "silu"), out, 1, "linear", f);
  });
}

/** Tokens look at the cells of one scale: rows [count × length, d]. */
export function look(layer: CrossModality, scale: number, query: Tensor2D, conditioned: Tensor4D): Tensor2D {
  const { width, heads } = layer;
  return tidy(() => {
    const keyValue = linear(cells(conditioned), layer.scales[scale]!.keyValue);
    const [key, value] = [0, width].map((column) => ({ rows: keyValue, column }));
    const shape = { batch: conditioned.shape[0], heads, width };
    return attend({ rows: query, column: 0 }, key!, value!, shape, null);
  });
}

/** What was seen is let in through a gate per token and channel. `openness` is the gate's mean per token. */
export function letIn(
  layer: CrossModality,
  hidden: Tensor2D,
  looked: Tensor2D[],
): { seen: Tensor2D; openness: Tensor } {
  const [seen, openness] = tidy(() => {
    const a = linear(looked, layer.project);
    const gate = sigmoid(linear([hidden, a], layer.gate));
    return [add(hidden, mul(gate, a)), mean(gate, 1)];
  });
  return { seen: seen as Tensor2D, openness: openness as Tensor };
}
