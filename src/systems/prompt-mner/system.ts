// PromptMNER: prompts that fit the photo become clues, words attend to clues, spans are classified. "Modality-aware" attention is
// our reading: keys and values of each modality's own, and a learnt bias for each. Reference: training/systems/prompt_mner.
import { concat, reshape, type Tensor2D, tensor2d } from "@tensorflow/tfjs-core";
import { bert, declareBert, type TokenRows } from "../../encoders/bert.js";
import { attend, layerNorm, linear } from "../../nn/operations.js";
import type { Linear, Parameters } from "../../nn/parameters.js";
import { apply, declareLayer, type Layer } from "../../nn/plain.js";
import type { TensorScope } from "../../nn/tensor-scope.js";
import { buildSequences, type PreparedText, type Sequences } from "../../text/index.js";
import { type MultimodalConfig, readConfig } from "../multimodal/config.js";
import { declareEyes, lookAtPhoto, type VisualTokens } from "../multimodal/eyes.js";
import {
  declareFeedForward,
  declareNorm,
  declareQuery,
  feedForward,
  grouped,
  inputsOf,
  repeated,
  rowsOf,
} from "../multimodal/layers.js";
import { type Answer, collectRows } from "../multimodal/outputs.js";
import { existsOf, type ScoredSpan, toEntities, wordsOfWindows } from "../multimodal/spans.js";
import { keptInHalf } from "../multimodal/tagger.js";
import type { DecodeRequest, RowOutput, System } from "../system.js";
import { scoreOf, seenNowhere } from "../tagging/decode.js";
import { type Clues, cluesOf, declareBank } from "./clues.js";

/** Of a span before it is classified. */
const SPAN = 128;
/** Of the embedding of a span's length. */
const LENGTHS = 16;

export interface PromptPhoto {
  readonly tokens: VisualTokens;
  readonly clues: Clues;
}

type Net = ReturnType<typeof declare>;

function declare(p: Parameters, config: MultimodalConfig) {
  const { text, visual, width, heads, labels, maxSpanWords } = config;
  const both = text.width + width;
  const span = p.matrix("head.span", 2 * both + LENGTHS, SPAN);
  const pair = (kind: string): readonly [words: Linear, clues: Linear] => [
    p.linear(p.matrix(`head.interact.${kind}.0`, width, width)),
    p.linear(p.matrix(`head.interact.${kind}.1`, width, width)),
  ];
  const bias = p.values("head.interact.bias", [2]);
  const lengths = p.values("head.length.weight", [maxSpanWords, LENGTHS]);
  return {
    config,
    width,
    heads,
    text: declareBert(p, text),
    eyes: declareEyes(p, config),
    bank: declareBank(p, config),
    words: p.linear(p.matrix("head.words", text.width, width)),
    clues: p.linear(p.matrix("head.clues", visual, width)),
    query: declareQuery(p, "head.interact.query", config),
    key: pair("key"),
    value: pair("value"),
    /** What is added to scores of words, and of clues. */
    bias: p.later(() => ({ values: bias.read() })),
    output: p.linear(p.matrix("head.interact.output", width, width)),
    attentionNorm: declareNorm(p, "head.interact.attention_norm", width),
    ...declareFeedForward(p, "head.interact.", config),
    norm: declareNorm(p, "head.interact.norm", width),
    /** A span is the sum of what its first word, its last word and its length say: each is worked out once. */
    ends: p.linear(inputsOf(span, 0, both, true), inputsOf(span, both, both, false)),
    lengths: p.later(() => ({ rows: lengths.read() })),
    ofLength: declareLayer(p, inputsOf(span, 2 * both, LENGTHS, false)),
    classify: declareLayer(p, p.matrix("head.classify", SPAN, 1 + labels.length)),
  };
}

/** Words and clues as keys or values, row after row: [B·(L + S), d]. */
function sideBySide([ofWords, ofClues]: Net["key"], words: Tensor2D, clues: Tensor2D | null, batch: number): Tensor2D {
  const own = linear(words, ofWords);
  if (clues === null) return own;
  const width = own.shape[1];
  const all = concat([grouped(own, batch), grouped(repeated(linear(clues, ofClues), batch), batch)], 1);
  return reshape(all, [all.shape[0] * all.shape[1]!, width]);
}

/** Added to scores [B, L + S]: nothing at padding, else the bias of the modality. */
function biases(
  { rows, length, lengths }: TokenRows,
  clues: number,
  [ofWords, ofClues]: ArrayLike<number> & Iterable<number>,
): Float32Array {
  const size = length + clues;
  const added = new Float32Array(rows * size).fill(-1e9);
  for (let row = 0; row < rows; row++) {
    added.fill(ofWords!, row * size, row * size + lengths[row]!);
    added.fill(ofClues!, row * size + length, (row + 1) * size);
  }
  return added;
}

async function forward(
  net: Net,
  rows: TokenRows,
  photo: PromptPhoto | Promise<PromptPhoto> | null,
  scope: TensorScope,
): Promise<RowOutput> {
  const { width, heads } = net;
  const batch = rows.rows;
  const hidden = await bert(net.text, rows, scope); //                                     H [B·L, d_t]
  scope.watch("text_encoder", hidden);
  const given = (await photo)?.clues.rows ?? null;
  const words = await scope.slice(() => linear(hidden, net.words)); //                     [B·L, d]
  const mixed = await scope.slice(() => {
    const clues = given && linear(rowsOf(given, net.clues.inputs), net.clues); //          [S, d]
    const count = clues?.shape[0] ?? 0;
    const mask = tensor2d(biases(rows, count, net.bias.values), [batch, rows.length + count]);
    const part = (all: Tensor2D) => ({ rows: all, column: 0 });
    const [key, value] = [sideBySide(net.key, words, clues, batch), sideBySide(net.value, words, clues, batch)];
    const seen = attend(part(linear(words, net.query)), part(key), part(value), { batch, heads, width }, mask);
    return layerNorm(words, linear(seen, net.output), net.attentionNorm);
  }, words);
  const x = await scope.slice(() => layerNorm(mixed, feedForward(net, mixed), net.norm), mixed);
  scope.watch("head.interact", x);
  const ends = await scope.slice(() => linear([hidden, x], net.ends), hidden, x); //       [B·L, 2 × 128]
  return scope.read({ ends });
}

const erf = (x: number): number => {
  // Abramowitz and Stegun 7.1.26: off by at most 1.5e-7.
  const t = 1 / (1 + 0.3275911 * Math.abs(x));
  const tail = t * (0.254829592 + t * (-0.284496736 + t * (1.421413741 + t * (-1.453152027 + t * 1.061405429))));
  return Math.sign(x) * (1 - tail * Math.exp(-x * x));
};
const gelu = (x: number): number => (x * (1 + erf(x * Math.SQRT1_2))) / 2;

/** Logits of one span: none, then the labels. `first` and `last` are columns of a row. */
export function spanLogits(
  net: Pick<Net, "classify">,
  ends: Float32Array,
  first: number,
  last: number,
  ofLength: Float32Array,
) {
  const [from, to] = [first * 2 * SPAN, last * 2 * SPAN + SPAN];
  const span = ofLength.map((value, at) => gelu(value + ends[from + at]! + ends[to + at]!));
  return apply(net.classify, span);
}

/** What each length of a span adds. */
export function lengthParts({
  lengths,
  ofLength,
}: {
  readonly lengths: { readonly rows: Float32Array };
  readonly ofLength: Layer;
}): Float32Array[] {
  const { rows } = lengths;
  return Array.from({ length: rows.length / LENGTHS }, (_, at) =>
    apply(ofLength, rows.subarray(at * LENGTHS, (at + 1) * LENGTHS)),
  );
}

function scoredSpans(
  net: Net,
  config: MultimodalConfig,
  ends: Float32Array,
  input: Sequences,
  prepared: PreparedText,
): ScoredSpan[] {
  const parts = lengthParts(net);
  const perRow = input.length * 2 * SPAN;
  return wordsOfWindows(prepared, input).flatMap(({ columns, words, believed }, row) => {
    const own = ends.subarray(row * perRow, (row + 1) * perRow);
    const spans: ScoredSpan[] = [];
    for (let first = 0; first < columns.length; first++) {
      if (!believed[first]) continue;
      for (let last = first; last < Math.min(columns.length, first + config.maxSpanWords); last++) {
        const logits = spanLogits(net, own, columns[first]!, columns[last]!, parts[last - first]!);
        const best = logits.indexOf(Math.max(...logits));
        if (best === 0) continue;
        const total = logits.reduce((sum, logit) => sum + Math.exp(logit - logits[best]!), 0);
        const score = scoreOf(1 / total, config.span);
        spans.push({ first: words[first]!, last: words[last]!, type: config.labels[best - 1]!, score });
      }
    }
    return spans;
  });
}

export const promptMner: System<MultimodalConfig, Net, Sequences, PromptPhoto, RowOutput, Answer> = {
  name: "prompt-mner",
  capabilities: { ownQueries: false, boxes: "none", photo: true },
  perPiece: ["ends"],
  readConfig,
  declare,
  needsHalf: keptInHalf,
  async encodePhoto({ eyes, bank, config }, pixels, scope) {
    const tokens = await lookAtPhoto(eyes, config, pixels, scope);
    return { tokens, clues: cluesOf(bank, tokens) };
  },
  inputs: ({ tokenizer, prepared, multipleOf }, { maxPieces }) =>
    buildSequences(tokenizer, prepared, [null], { maxPieces, multipleOf }),
  forward,
  collect: collectRows,

  decode(net, config, answer, input, request: DecodeRequest, photo) {
    const { prepared, queries } = request;
    const spans = scoredSpans(net, config, answer.ends!, input, prepared);
    const chosen = photo?.clues.chosen ?? [];
    const total = chosen.reduce((sum, { weight }) => sum + weight, 0);
    return {
      entities: toEntities(spans, prepared, request).map(({ entity }) => entity),
      queries: queries.map(({ label, query }) => seenNowhere(label, query, existsOf(spans, label))),
      evidence: photo
        ? {
            kind: "clues",
            clues: chosen.map(({ prompt, weight }) => ({ text: config.prompts[prompt]!, weight: weight / total })),
          }
        : null,
    };
  },
};
