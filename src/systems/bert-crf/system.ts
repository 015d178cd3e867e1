// BERT+CRF: one pass over the sentence, a score for every tag of every word, and a chain over the words. It looks at no
// photo and answers no questions; its labels are those that it was trained with.
import type { Tensor2D } from "@tensorflow/tfjs-core";
import { asInteger, asList, asRecord, asText, field, type JsonRecord } from "../../core/json.js";
import { MnerError } from "../../core/mner-error.js";
import { bert, declareBert, readBertSizes } from "../../encoders/bert.js";
import { linear } from "../../nn/operations.js";
import type { Parameters } from "../../nn/parameters.js";
import { buildSequences, type Sequences } from "../../text/index.js";
import { type Logistic, readSpanCalibration } from "../calibration.js";
import type { System, SystemConfig } from "../system.js";
import { declareCrf } from "../tagging/crf.js";
import { decodeTags, ofWords } from "../tagging/decode.js";

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

export function readConfig(config: JsonRecord, calibration: JsonRecord): BertCrfConfig {
  const text = readBertSizes(asRecord(field(config, "text"), "config.text"), "config.text");
  return {
    text,
    image: null,
    maxPieces: asInteger(field(config, "maxPieces"), "config.maxPieces", 8, text.positions),
    labels: readLabels(config),
    ...readSpanCalibration(calibration),
  };
}

/** The labels of a system that cannot be asked anything else. */
export function readLabels(config: JsonRecord): string[] {
  return asList(field(config, "queries"), "config.queries", 1, MOST_LABELS).map((query, index) => {
    const where = `config.queries[${index}]`;
    return asText(field(asRecord(query, where), "label"), `${where}.label`, 100);
  });
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
    const words = ofWords(emissions, net.crf.tags, request.prepared, input);
    const { found, queries } = decodeTags(net.crf, config, words, request);
    return { entities: found.map(({ entity }) => entity), queries, evidence: null };
  },
};
