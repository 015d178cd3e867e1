// The text encoder: a BERT of any size, with an embedding of how each word is written (the vocabulary is uncased).
import { type Tensor2D, tensor2d } from "@tensorflow/tfjs-core";
import { asInteger, asNumber, field, invalid, type JsonRecord } from "../core/json.js";
import { MnerError } from "../core/mner-error.js";
import { attend, layerNorm, linear } from "../nn/operations.js";
import { type Linear, type Norm, type Parameters, scaled, scaledInputs, type Values } from "../nn/parameters.js";
import { type RowTable, toRowTable } from "../nn/steps.js";
import type { TensorScope } from "../nn/tensor-scope.js";

export interface BertSizes {
  readonly layers: number;
  readonly width: number;
  readonly heads: number;
  readonly feedForward: number;
  readonly vocabulary: number;
  readonly positions: number;
  readonly segments: number;
  readonly shapes: number;
  readonly normEpsilon: number;
}

/** Sequences of equal length, one after the other. */
export interface TokenRows {
  /** How many. */
  readonly rows: number;
  /** Pieces of each, padding included. */
  readonly length: number;
  /** rows × length vocabulary entries; padding is 0. */
  readonly ids: Int32Array;
  /** Which part of the sequence a piece belongs to. */
  readonly segments: Int32Array;
  /** How the word a piece belongs to is written. */
  readonly shapes: Int32Array;
  /** Pieces without padding, per sequence. */
  readonly lengths: Int32Array;
  /** 1 where a word begins, for systems that point at words. */
  readonly first?: Int32Array;
}

/** Reads the sizes out of a model's config; `where` names the place in error messages. */
export function readBertSizes(record: JsonRecord, where: string): BertSizes {
  const whole = (key: string, most: number): number => asInteger(field(record, key), `${where}.${key}`, 1, most);
  const width = whole("width", 8192);
  const heads = whole("heads", 256);
  if (width % heads !== 0) throw invalid(`${where}.width`, `(${width}) must divide by ${heads} heads`);
  return {
    layers: whole("layers", 96),
    width,
    heads,
    feedForward: whole("feedForward", 65_536),
    vocabulary: whole("vocabulary", 2_000_000),
    positions: whole("positions", 65_536),
    segments: whole("segments", 16),
    shapes: whole("shapes", 64),
    normEpsilon: asNumber(field(record, "normEpsilon"), `${where}.normEpsilon`, 0, 1),
  };
}

interface Layer {
  readonly queryKeyValue: Linear;
  readonly output: Linear;
  readonly attentionNorm: Norm;
  readonly up: Linear;
  readonly down: Linear;
  readonly norm: Norm;
}

export interface Bert {
  readonly sizes: BertSizes;
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

export function declareBert(p: Parameters, sizes: BertSizes, root = "text_encoder"): Bert {
  const { width, normEpsilon } = sizes;
  const table = (name: string, count: number): Values => p.values(`${root}.embeddings.${name}.weight`, [count, width]);
  const word = table("word", sizes.vocabulary);
  const position = table("position", sizes.positions);
  const segment = table("segment", sizes.segments);
  const shape = table("shape", sizes.shapes);
  return {
    sizes,
    tables: p.later(() => ({
      word: toRowTable(word.read(), width),
      position: position.read(),
      segment: segment.read(),
      shape: shape.read(),
    })),
    norm: p.norm(`${root}.embeddings.norm`, width, normEpsilon),
    layers: Array.from({ length: sizes.layers }, (_, index) => declareLayer(p, sizes, `${root}.layers.${index}`)),
  };
}

function declareLayer(p: Parameters, { width, heads, feedForward, normEpsilon }: BertSizes, name: string): Layer {
  // The scores' scale goes into the queries, GELU's factors into the matrices round it.
  return {
    queryKeyValue: p.linear(
      scaled(p.matrix(`${name}.attention.query`, width, width), 1 / Math.sqrt(width / heads)),
      p.matrix(`${name}.attention.key`, width, width),
      p.matrix(`${name}.attention.value`, width, width),
    ),
    output: p.linear(p.matrix(`${name}.attention.output`, width, width)),
    attentionNorm: p.norm(`${name}.attention.norm`, width, normEpsilon),
    up: p.linear(scaled(p.matrix(`${name}.feed_forward.up`, width, feedForward), Math.SQRT1_2)),
    down: p.linear(scaledInputs(p.matrix(`${name}.feed_forward.down`, feedForward, width), Math.SQRT1_2)),
    norm: p.norm(`${name}.feed_forward.norm`, width, normEpsilon),
  };
}

/** B sequences of L pieces → a row of width d for each piece. */
export async function bert(net: Bert, input: TokenRows, scope: TensorScope): Promise<Tensor2D> {
  const batch = input.rows;
  const { width, heads } = net.sizes;
  const mask = await scope.slice(() => tensor2d(paddingMask(input), [batch, input.length])); //         [B, L]
  let x = await scope.slice(() => layerNorm(embed(net, input), null, net.norm)); //                     [B·L, d]
  for (const layer of net.layers) {
    const before = x;
    const attended = await scope.slice(() => {
      const joined = linear(before, layer.queryKeyValue); //                                            [B·L, 3d]
      const part = (index: number) => ({ rows: joined, column: index * width });
      const mixed = attend(part(0), part(1), part(2), { batch, heads, width }, mask); //                [B·L, d]
      return layerNorm(before, linear(mixed, layer.output), layer.attentionNorm);
    }, before);
    x = await scope.slice(() => {
      const wide = linear(attended, layer.up, "gelu"); //                                               [B·L, 4d]
      return layerNorm(attended, linear(wide, layer.down), layer.norm); //                              [B·L, d]
    }, attended);
  }
  return x;
}

/** Sums of embeddings: [B·L, d]. */
function embed({ sizes, tables }: Bert, { rows: batch, length, ids, segments, shapes }: TokenRows): Tensor2D {
  const { width, vocabulary, positions } = sizes;
  const { word, position, segment, shape } = tables;
  if (length > positions) {
    throw new MnerError("internal", `A sequence of ${length} pieces was given to a model with ${positions} positions.`);
  }
  const rows = new Float32Array(batch * length * width);
  for (let row = 0; row < batch * length; row++) {
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
  return tensor2d(rows, [batch * length, width]);
}

/** What is added to attention scores: 0 for a visible piece, so much less than any score for padding that its weight is 0. */
export function paddingMask({ rows: batch, length, lengths }: TokenRows): Float32Array {
  const mask = new Float32Array(batch * length);
  for (let row = 0; row < batch; row++) mask.fill(-1e9, row * length + lengths[row]!, (row + 1) * length);
  return mask;
}
