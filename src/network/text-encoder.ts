// The text encoder: a BERT of any size, with an embedding of how each word is written (the vocabulary is uncased).
import { type Scalar, type Tensor2D, tensor2d, tidy } from "@tensorflow/tfjs-core";
import { MnerError } from "../errors/mner-error.js";
import type { TextSizes } from "./config.js";
import { attend, layerNorm, linear, type Norm } from "./operations.js";
import { type RowTable, toRowTable } from "./steps.js";
import { type Linear, scaleInputs, type WeightLoader } from "./weights.js";

/** Sequences of equal length, one after the other. */
export interface Sequences {
  /** How many. */
  readonly rows: number;
  /** Pieces of each, padding included. */
  readonly length: number;
  /** rows × length vocabulary entries; padding is 0. */
  readonly ids: Int32Array;
  /** 0 for the query's part with [CLS] and first [SEP], 1 for the sentence's. */
  readonly segments: Uint8Array | Int32Array;
  /** How the word a piece belongs to is written. */
  readonly shapes: Uint8Array | Int32Array;
  /** Pieces without padding, per sequence. */
  readonly lengths: readonly number[] | Int32Array;
}

interface Layer {
  readonly queryKeyValue: Linear;
  readonly output: Linear;
  readonly attentionNorm: Norm;
  readonly up: Linear;
  readonly down: Linear;
  readonly norm: Norm;
}

export interface TextEncoder {
  readonly sizes: TextSizes;
  /** Tables stay numbers: looking up a few hundred rows is cheaper than sending whole tables to a device. */
  readonly tables: {
    readonly word: RowTable;
    readonly position: Float32Array;
    readonly segment: Float32Array;
    readonly shape: Float32Array;
  };
  readonly norm: Norm;
  readonly layers: readonly Layer[];
}

/** Yields wherever the loading may pause. */
export function* loadTextEncoder(loader: WeightLoader, sizes: TextSizes): Generator<void, TextEncoder> {
  const epsilonTensor = loader.keep(Float32Array.of(sizes.normEpsilon), []) as Scalar;
  const norm = (name: string): Norm => ({
    gain: loader.vector(loader.values(`${name}.weight`)),
    offset: loader.vector(loader.values(`${name}.bias`)),
    epsilon: sizes.normEpsilon,
    epsilonTensor,
  });
  const table = (name: string): Float32Array => loader.values(`text_encoder.embeddings.${name}.weight`);
  const word = toRowTable(table("word"), sizes.width);
  const tables = { word, position: table("position"), segment: table("segment"), shape: table("shape") };
  const layers: Layer[] = [];
  // The scores' scale goes into the queries, GELU's factors into the matrices round it.
  const queryScale = 1 / Math.sqrt(sizes.width / sizes.heads);
  for (let index = 0; index < sizes.layers; index++) {
    yield;
    const name = `text_encoder.layers.${index}`;
    layers.push({
      queryKeyValue: loader.linear(
        loader.matrix(`${name}.attention.query`, queryScale),
        loader.matrix(`${name}.attention.key`),
        loader.matrix(`${name}.attention.value`),
      ),
      output: loader.linear(loader.matrix(`${name}.attention.output`)),
      attentionNorm: norm(`${name}.attention.norm`),
      up: loader.linear(loader.matrix(`${name}.feed_forward.up`, Math.SQRT1_2)),
      down: loader.linear(scaleInputs(loader.matrix(`${name}.feed_forward.down`), Math.SQRT1_2)),
      norm: norm(`${name}.feed_forward.norm`),
    });
  }
  return { sizes, tables, norm: norm("text_encoder.embeddings.norm"), layers };
}

/** Sums of embeddings, normed: rows [count × length, width]. */
export function embed(encoder: TextEncoder, sequences: Sequences): Tensor2D {
  const rows = sumEmbeddings(encoder, sequences);
  return tidy(() =>
    layerNorm(tensor2d(rows, [sequences.rows * sequences.length, encoder.sizes.width]), null, encoder.norm),
  );
}

function sumEmbeddings(encoder: TextEncoder, { rows: count, length, ids, segments, shapes }: Sequences): Float32Array {
  const { width, vocabulary, positions } = encoder.sizes;
  const { word, position, segment, shape } = encoder.tables;
  if (length > positions) {
    throw new MnerError("internal", `A sequence of ${length} pieces was given to a model with ${positions} positions.`);
  }
  const rows = new Float32Array(count * length * width);
  for (let row = 0; row < count * length; row++) {
    const id = ids[row]!;
    if (id < 0 || id >= vocabulary) {
      throw new MnerError(
        "model-mismatch",
        `The tokenizer gave piece ${id}, but the model knows only ${vocabulary}. Its tokenizer and weights belong to different models.`,
      );
    }
    const [p, g, s] = [(row % length) * width, segments[row]! * width, shapes[row]! * width];
    const to = row * width;
    for (let i = 0; i < width; i++) rows[to + i] = position[p + i]! + segment[g + i]! + shape[s + i]!;
    word.addRow(id, rows, to);
  }
  return rows;
}

/** What is added to attention scores: 0 for a visible piece, so much less than any score for padding that its weight is 0. */
export function paddingMask({ rows: count, length, lengths }: Sequences): Float32Array {
  const mask = new Float32Array(count * length);
  for (let row = 0; row < count; row++) mask.fill(-1e9, row * length + lengths[row]!, (row + 1) * length);
  return mask;
}

/** The attention half of a layer. */
export function attentionPart(
  encoder: TextEncoder,
  index: number,
  x: Tensor2D,
  batch: number,
  mask: Tensor2D,
): Tensor2D {
  const { width, heads } = encoder.sizes;
  const layer = encoder.layers[index]!;
  return tidy(() => {
    const joined = linear(x, layer.queryKeyValue);
    const part = (at: number) => ({ rows: joined, column: at * width });
    const mixed = attend(part(0), part(1), part(2), { batch, heads, width }, mask);
    return layerNorm(x, linear(mixed, layer.output), layer.attentionNorm);
  });
}

/** The feed-forward half of a layer. */
export function feedForwardPart(encoder: TextEncoder, index: number, x: Tensor2D): Tensor2D {
  const layer = encoder.layers[index]!;
  return tidy(() => layerNorm(x, linear(linear(x, layer.up, "gelu"), layer.down), layer.norm));
}
