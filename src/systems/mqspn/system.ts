// MQSPN: a set of slots, eight of each type, each of which finds a name, its type and its own region, or nothing. The reference
// is training/systems/mqspn/model.py.
import {
  add,
  concat,
  matMul,
  mul,
  relu,
  reshape,
  sigmoid,
  softmax,
  sub,
  type Tensor,
  type Tensor2D,
  type Tensor3D,
  type Tensor4D,
  tensor,
} from "@tensorflow/tfjs-core";
import { bert, declareBert, type TokenRows } from "../../encoders/bert.js";
import { layerNorm, linear } from "../../nn/operations.js";
import type { Linear, Norm, Parameters } from "../../nn/parameters.js";
import { apply, declareLayer } from "../../nn/plain.js";
import type { TensorScope } from "../../nn/tensor-scope.js";
import { buildSequences, type Sequences } from "../../text/index.js";
import { type MultimodalConfig, readConfig } from "../multimodal/config.js";
import { declareEyes, GEOMETRY, lookAtPhoto, type VisualTokens } from "../multimodal/eyes.js";
import {
  type Attention,
  declareAttention,
  declareFeedForward,
  declareNorm,
  feedForward,
  grouped,
  lookAt,
  ONE_MEMORY,
  repeated,
  rowsOf,
} from "../multimodal/layers.js";
import { type Answer, collectRows } from "../multimodal/outputs.js";
import { wordStarts } from "../multimodal/spans.js";
import { keptInHalf } from "../multimodal/tagger.js";
import type { RowOutput, System } from "../system.js";
import { decode } from "./decode.js";

/** Of a type: no tweet has more than six names of one. */
export const SLOTS = 8;
/** What is added where nothing may be pointed at. */
const FORBIDDEN = -1e4;

interface SlotLayer {
  readonly words: Attention;
  readonly wordsNorm: Norm;
  readonly regions: Attention;
  readonly regionsNorm: Norm;
  readonly up: Linear;
  readonly down: Linear;
  readonly norm: Norm;
  readonly aggregate: Linear;
  readonly own: Linear;
  /** Of what is seen against what is read. */
  readonly share: { readonly value: number };
}

interface Pointer {
  readonly query: Linear;
  readonly memory: Linear;
  readonly weight: Linear;
}

export type Net = ReturnType<typeof declare>;

function declare(p: Parameters, config: MultimodalConfig) {
  const { text, visual, width, labels, layers } = config;
  const square = (name: string): Linear => p.linear(p.matrix(`head.${name}`, width, width));
  const slots = p.values("head.slots", [labels.length * SLOTS, width]);
  const types = p.values("head.types", [labels.length, visual]);
  const blank = p.values("head.blank", [1, width]);
  const ofType = declareLayer(p, p.matrix("head.type_query", visual, width));
  return {
    config,
    width,
    text: declareBert(p, text),
    eyes: declareEyes(p, config),
    /** Slots with their types' questions: they ask the same of every text. */
    slots: p.later(() => {
      const [all, questions] = [slots.read().slice(), types.read()];
      for (let label = 0; label < labels.length; label++) {
        const asked = apply(ofType, questions.subarray(label * visual, (label + 1) * visual));
        for (let at = 0; at < SLOTS * width; at++) all[label * SLOTS * width + at]! += asked[at % width]!;
      }
      return { rows: p.tensor<Tensor2D>(all, [labels.length * SLOTS, width]) };
    }),
    blank: p.later(() => ({ row: p.tensor<Tensor2D>(blank.read(), [1, width]) })),
    words: p.linear(p.matrix("head.words", text.width, width)),
    regions: p.linear(p.matrix("head.regions", visual + GEOMETRY, width)),
    layers: Array.from({ length: layers }, (_, layer) => declareSlotLayer(p, `head.layers.${layer}`, config)),
    start: declarePointer(p, "head.start", width),
    end: declarePointer(p, "head.end", width),
    region: declarePointer(p, "head.region", width),
    classifyOwn: square("classify_own"),
    classifyWords: p.linear(p.matrix("head.classify_words", 2 * width, width)),
    classifyRegions: p.linear(unbiased(p, "head.classify_regions", width)),
    classes: p.linear(p.matrix("head.classes", width, 1 + labels.length)),
  };
}

function unbiased(p: Parameters, name: string, width: number) {
  const weight = p.values(`${name}.weight`, [width, width]);
  return { inputs: width, outputs: width, read: () => ({ values: weight.read(), bias: new Float32Array(width) }) };
}

function declarePointer(p: Parameters, name: string, width: number): Pointer {
  return {
    query: p.linear(p.matrix(`${name}.query`, width, width)),
    memory: p.linear(unbiased(p, `${name}.memory`, width)),
    weight: p.linear(p.matrix(`${name}.weight`, width, 1)),
  };
}

function declareSlotLayer(p: Parameters, name: string, config: MultimodalConfig): SlotLayer {
  const { width } = config;
  const balance = p.values(`${name}.balance`, [1]);
  return {
    words: declareAttention(p, `${name}.words`, config),
    wordsNorm: declareNorm(p, `${name}.words_norm`, width),
    regions: declareAttention(p, `${name}.regions`, config),
    regionsNorm: declareNorm(p, `${name}.regions_norm`, width),
    ...declareFeedForward(p, `${name}.`, config),
    norm: declareNorm(p, `${name}.norm`, width),
    aggregate: p.linear(p.matrix(`${name}.aggregate`, width, width)),
    own: p.linear(p.matrix(`${name}.own`, width, width)),
    share: p.later(() => ({ value: 1 / (1 + Math.exp(-balance.read()[0]!)) })),
  };
}

/** What each slot takes of a memory it looks at: [B, S, d]. `mask` [B, 1, N] is added to the scores. */
function taken(q: Tensor3D, memory: Tensor3D, mask: Tensor3D | null): Tensor3D {
  const scores = mul(matMul(q, memory, false, true), q.shape[2] ** -0.5) as Tensor3D;
  return matMul(softmax(mask === null ? scores : (add(scores, mask) as Tensor3D)), memory);
}

const tanh = <T extends Tensor>(x: T): T => sub(mul(sigmoid(mul(x, 2)), 2), 1) as T;

/** How well each slot's place fits each of a memory: [B, S, N]. */
function point({ query, memory, weight }: Pointer, q: Tensor2D, rows: Tensor2D, batch: number): Tensor3D {
  const [slots, count, width] = [q.shape[0] / batch, rows.shape[0] / batch, q.shape[1]];
  const wanted = reshape(linear(q, query), [batch, slots, 1, width]) as Tensor4D;
  const given = reshape(linear(rows, memory), [batch, 1, count, width]) as Tensor4D;
  const both = reshape(relu(add(wanted, given)), [batch * slots * count, width]) as Tensor2D;
  return reshape(linear(both, weight), [batch, slots, count]);
}

/** Words may be looked at, and pointed at, where they begin: 0 there, else so much less. A text tells where; a self-test need not. */
function startsOnly({ rows, length, lengths, first }: TokenRows): Float32Array {
  const added = new Float32Array(rows * length).fill(FORBIDDEN);
  for (let row = 0; row < rows; row++) {
    for (let at = 0; at < lengths[row]!; at++)
      if (first === undefined || first[row * length + at] === 1) added[row * length + at] = 0;
  }
  return added;
}

async function forward(
  net: Net,
  rows: TokenRows,
  photo: VisualTokens | Promise<VisualTokens> | null,
  scope: TensorScope,
): Promise<RowOutput> {
  const batch = rows.rows;
  const hidden = await bert(net.text, rows, scope); //                                     H [B·L, d_t]
  scope.watch("text_encoder", hidden);
  const tokens = await photo;
  const {
    words,
    mask,
    regions,
    q: first,
  } = await scope.slice(() => {
    const seen =
      tokens && tokens.regions.length > 0 ? linear(rowsOf(tokens.regions, net.regions.inputs), net.regions) : null;
    return {
      words: linear(hidden, net.words), //                                                 [B·L, d]
      mask: tensor(startsOnly(rows), [batch, 1, rows.length]) as Tensor3D,
      regions: (seen === null ? concat([net.blank.row]) : concat([net.blank.row, seen])) as Tensor2D, // [1 + K, d]
      q: repeated(net.slots.rows, batch), //                                               [B·S, d]
    };
  }, hidden);
  let q = first;
  for (const layer of net.layers) {
    const before = q;
    q = await scope.slice(() => {
      const wordRows = { batch, mask: reshape(mask, [batch, rows.length]) as Tensor2D };
      const read = layerNorm(before, lookAt(layer.words, before, words, wordRows), layer.wordsNorm);
      const seen = layerNorm(read, lookAt(layer.regions, read, regions, ONE_MEMORY), layer.regionsNorm);
      const fed = layerNorm(seen, feedForward(layer, seen), layer.norm);
      const { value } = layer.share;
      const ofRegions = taken(grouped(fed, 1), grouped(regions, 1), null); //              [1, B·S, d]
      const ofWords = taken(grouped(fed, batch), grouped(words, batch), mask); //          [B, S, d]
      const flat = (x: Tensor3D): Tensor2D => reshape(x, fed.shape);
      const both = add(mul(flat(ofRegions), value), mul(flat(ofWords), 1 - value)) as Tensor2D;
      return add(fed, linear(tanh(add(linear(fed, layer.aggregate), both) as Tensor2D), layer.own)) as Tensor2D;
    }, before);
  }
  const last = q;
  const output = await scope.slice(() => {
    const start = add(point(net.start, last, words, batch), mask) as Tensor3D; //          [B, S, L]
    const end = add(point(net.end, last, words, batch), mask) as Tensor3D;
    const region = point(net.region, last, regions, 1); //                                 [1, B·S, 1 + K]
    const spoken = (chances: Tensor3D): Tensor2D =>
      reshape(matMul(softmax(chances), grouped(words, batch)), last.shape);
    const shown = reshape(matMul(softmax(region), grouped(regions, 1)), last.shape) as Tensor2D;
    const said = add(linear([spoken(start), spoken(end)], net.classifyWords), linear(shown, net.classifyRegions));
    const classes = linear(relu(add(linear(last, net.classifyOwn), said)) as Tensor2D, net.classes); // [B·S, 1 + labels]
    return { classes, start, end, region };
  }, [words, mask, regions, last]);
  return scope.read(output);
}

export const mqspn: System<
  MultimodalConfig,
  Net,
  Sequences & { readonly first: Int32Array },
  VisualTokens,
  RowOutput,
  Answer
> = {
  name: "mqspn",
  capabilities: { ownQueries: false, boxes: "entity", photo: true },
  perPiece: [],
  readConfig,
  declare,
  needsHalf: keptInHalf,
  encodePhoto: ({ eyes, config }, pixels, scope) => lookAtPhoto(eyes, config, pixels, scope),
  inputs({ tokenizer, prepared, multipleOf }, { maxPieces }) {
    const sequences = buildSequences(tokenizer, prepared, [null], { maxPieces, multipleOf });
    return { ...sequences, first: wordStarts(prepared, sequences) };
  },
  forward,
  collect: collectRows,
  decode: (_net, config, answer, input, request, tokens) => decode(config, answer, input, request, tokens ?? null),
};
