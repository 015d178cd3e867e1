// BERT+CRF: one pass over the sentence, a score for every tag of every word, and a chain over the words. It looks at no
// photo and answers no questions; its labels are those that it was trained with.
import type { Tensor2D } from "@tensorflow/tfjs-core";
import { asInteger, asList, asRecord, asText, field, type JsonRecord } from "../../core/json.js";
import { MnerError } from "../../core/mner-error.js";
import type { Entity, QueryResult } from "../../core/results.js";
import { bert, declareBert, readBertSizes } from "../../encoders/bert.js";
import { linear } from "../../nn/operations.js";
import type { Parameters } from "../../nn/parameters.js";
import { believedWindows, buildSequences, layOutWords, type PreparedText, type Sequences } from "../../text/index.js";
import { type Logistic, logitOf, readSpanCalibration, sigmoid } from "../calibration.js";
import type { Decoded, DecodeRequest, System, SystemConfig } from "../system.js";
import { bestTags, Chances, declareCrf, namesOf } from "../tagging/crf.js";

export interface BertCrfConfig extends SystemConfig {
  readonly image: null;
  readonly labels: readonly string[];
  readonly span: Logistic;
}

export type BertCrfOutput = {
  /** rows × length × tags. */
  readonly emissions: Float32Array;
};

type Net = ReturnType<typeof declare>;

const MOST_LABELS = 64;
/** A chance this near to 0 or 1 is taken as it is, as in training. */
const CERTAIN = 1e-6;

export function readConfig(config: JsonRecord, calibration: JsonRecord): BertCrfConfig {
  const text = readBertSizes(asRecord(field(config, "text"), "config.text"), "config.text");
  const queries = asList(field(config, "queries"), "config.queries", 1, MOST_LABELS);
  return {
    text,
    image: null,
    maxPieces: asInteger(field(config, "maxPieces"), "config.maxPieces", 8, text.positions),
    labels: queries.map((query, index) => {
      const where = `config.queries[${index}]`;
      return asText(field(asRecord(query, where), "label"), `${where}.label`, 100);
    }),
    ...readSpanCalibration(calibration),
  };
}

function declare(p: Parameters, { text, labels }: BertCrfConfig) {
  return {
    text: declareBert(p, text),
    tagger: p.linear(p.matrix("tagger", text.width, 1 + 2 * labels.length)),
    crf: declareCrf(p, labels.length),
  };
}

export const bertCrf: System<BertCrfConfig, Net, Sequences, never, BertCrfOutput, Float32Array> = {
  name: "bert-crf",
  capabilities: { ownQueries: false, boxes: "none", photo: false },
  perPiece: ["emissions"],
  readConfig,
  declare,
  needsHalf: (weight) => weight.startsWith("crf."),
  encodePhoto: () => Promise.reject(new MnerError("internal", "BERT+CRF was given a photo. Please report it.")),
  inputs: ({ tokenizer, prepared, multipleOf }, { maxPieces }) =>
    buildSequences(tokenizer, prepared, [null], { maxPieces, multipleOf }),

  async forward(net, rows, _photo, scope) {
    const hidden: Tensor2D = await bert(net.text, rows, scope); //                           [B·L, d_t]
    scope.watch("text_encoder", hidden);
    const emissions = await scope.slice(() => linear(hidden, net.tagger), hidden); //        [B·L, tags]
    return scope.read({ emissions });
  },

  collect({ rows }) {
    let all = new Float32Array(0);
    return {
      add({ emissions }, from, count) {
        const perRow = emissions.length / count;
        if (all.length === 0) all = new Float32Array(rows * perRow);
        all.set(emissions, from * perRow);
      },
      answer: () => all,
    };
  },

  decode(net, config, emissions, input, request) {
    return decodeTags(net, config, ofWords(emissions, net.crf.tags, request.prepared, input), request);
  },
};

/** The chain's input: words × tags, each from the word's first piece in the window that is believed there. */
function ofWords(emissions: Float32Array, tags: number, prepared: PreparedText, input: Sequences): Float32Array {
  const { windows, length, sentenceColumns } = input;
  const believed = believedWindows(prepared.pieces, windows);
  const words = layOutWords(prepared);
  const chosen = new Float32Array(words.length * tags);
  for (const [index, { firstPiece }] of words.entries()) {
    const window = believed[firstPiece]!;
    const column = sentenceColumns[0]! + firstPiece - windows[window]!.firstPiece;
    const at = (window * length + column) * tags;
    chosen.set(emissions.subarray(at, at + tags), index * tags);
  }
  return chosen;
}

function decodeTags(
  { crf }: Pick<Net, "crf">,
  { labels, span: { a, b } }: BertCrfConfig,
  emissions: Float32Array,
  { prepared, queries, threshold }: DecodeRequest,
): Decoded {
  const words = layOutWords(prepared);
  const chances = new Chances(crf, emissions);
  const entities = namesOf(bestTags(crf, emissions)).map((name): Entity => {
    const [start, end] = [words[name.first]!.start, words[name.last]!.end];
    const chance = Math.min(Math.max(chances.of(name), CERTAIN), 1 - CERTAIN);
    const score = sigmoid(a * logitOf(chance) + b);
    return { start, end, text: prepared.text.slice(start, end), type: labels[name.label]!, score, region: null };
  });
  return {
    entities: entities.filter(({ score }) => score >= threshold),
    queries: queries.map(({ label, query }): QueryResult => {
      const known = labels.indexOf(label);
      const exists = known < 0 ? 0 : chances.ofAny(known);
      const nowhere = { region: null, notInPhoto: 1, alternatives: [], imageRelevance: 0, attention: null };
      return { type: label, query, exists, ...nowhere };
    }),
    evidence: null,
  };
}
