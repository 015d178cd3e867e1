// A tagger that looks at a photo: emissions = BERT+CRF's + Δ(text, photo). Without a photo Δ is left out, and every answer is
// BERT+CRF's to the last bit.
import { type Tensor, type Tensor2D, tensor2d } from "@tensorflow/tfjs-core";
import type { Evidence } from "../../core/results.js";
import { bert, declareBert, paddingMask, type TokenRows } from "../../encoders/bert.js";
import { linear } from "../../nn/operations.js";
import type { Parameters } from "../../nn/parameters.js";
import type { TensorScope } from "../../nn/tensor-scope.js";
import { buildSequences, type Sequences } from "../../text/index.js";
import type { Letterbox } from "../../vision/index.js";
import type { RowOutput, System } from "../system.js";
import { Chances, declareCrf } from "../tagging/crf.js";
import { decodeTags, type NamedEntity, ofWords, scoreOf } from "../tagging/decode.js";
import { type MultimodalConfig, readConfig } from "./config.js";
import { declareEyes, lookAtPhoto, type VisualTokens } from "./eyes.js";
import { type Answer, collectRows } from "./outputs.js";

/** What a head is given beside the words H [B·L, d_t]. */
export interface HeadInput {
  readonly rows: TokenRows;
  /** What is added to scores, [B, L]: no padding is looked at. */
  readonly mask: Tensor2D;
  readonly tokens: VisualTokens;
}

/** What a head says: Δ [B·L, tags], and by name what evidence is made of, the same number of values for each piece. */
export type HeadOutput = { readonly delta: Tensor2D } & Readonly<Record<string, Tensor>>;

/** Of one text: numbers per word by the head's names, and the names that were found. */
export interface Seen {
  readonly perWord: (output: string) => Float32Array;
  readonly sizeOf: (output: string) => number;
  readonly found: readonly NamedEntity[];
  /** The score each name has without the photo. */
  readonly scoresWithout: () => readonly number[];
  readonly tokens: VisualTokens;
  readonly letterbox: Letterbox;
}

export interface Head<Net> {
  readonly name: string;
  declare(p: Parameters, config: MultimodalConfig): Net;
  look(net: Net, hidden: Tensor2D, input: HeadInput, scope: TensorScope): Promise<HeadOutput>;
  evidence(seen: Seen): Evidence;
}

type Net<Own> = ReturnType<typeof declareShared> & { readonly own: Own };

export type Tagger<Own> = System<MultimodalConfig, Net<Own>, Sequences, VisualTokens, RowOutput, Answer>;

function declareShared(p: Parameters, config: MultimodalConfig) {
  return {
    config,
    text: declareBert(p, config.text),
    eyes: declareEyes(p, config),
    tagger: p.linear(p.matrix("tagger", config.text.width, 1 + 2 * config.labels.length)),
    crf: declareCrf(p, config.labels.length),
  };
}

export function makeTagger<Own>(head: Head<Own>): Tagger<Own> {
  return {
    name: head.name,
    capabilities: { ownQueries: false, boxes: "none", photo: true },
    perPiece: ["emissions"],
    readConfig,
    declare: (p, config) => ({ ...declareShared(p, config), own: head.declare(p, config) }),
    needsHalf: keptInHalf,
    encodePhoto: ({ eyes, config }, pixels, scope) => lookAtPhoto(eyes, config, pixels, scope),
    inputs: ({ tokenizer, prepared, multipleOf }, { maxPieces }) =>
      buildSequences(tokenizer, prepared, [null], { maxPieces, multipleOf }),

    async forward(net, rows, photo, scope) {
      const hidden = await bert(net.text, rows, scope); //                                 H [B·L, d_t]
      scope.watch("text_encoder", hidden);
      const emissions = await scope.slice(() => linear(hidden, net.tagger)); //            [B·L, tags]
      const tokens = await photo;
      if (tokens === null) return scope.read({ emissions });
      const mask = await scope.slice(() => tensor2d(paddingMask(rows), [rows.rows, rows.length]));
      const looked = await head.look(net.own, hidden, { rows, mask, tokens }, scope);
      return scope.read({ emissions, ...looked });
    },

    collect: collectRows,

    decode(net, config, answer, input, request, tokens) {
      const { prepared, letterbox } = request;
      const { tags } = net.crf;
      const sizeOf = (name: string): number => answer[name]!.length / (input.rows * input.length);
      const perWord = (name: string): Float32Array => ofWords(answer[name]!, sizeOf(name), prepared, input);
      const alone = ofWords(answer.emissions!, tags, prepared, input);
      if (!answer.delta || !tokens || !letterbox) {
        const { found, queries } = decodeTags(net.crf, config, alone, request);
        return { entities: found.map(({ entity }) => entity), queries, evidence: null };
      }
      const delta = perWord("delta");
      const emissions = alone.map((value, at) => value + delta[at]!);
      const { found, queries } = decodeTags(net.crf, config, emissions, request);
      const scoresWithout = (): number[] => {
        const chances = new Chances(net.crf, alone);
        return found.map(({ name }) => scoreOf(chances.of(name), config.span));
      };
      const evidence = head.evidence({ perWord, sizeOf, found, scoresWithout, tokens, letterbox });
      return { entities: found.map(({ entity }) => entity), queries, evidence };
    },
  };
}

/** The eyes stay in half precision as in MNER-QG, and so do the few numbers of chains and scales. */
export function keptInHalf(weight: string): boolean {
  return /^(?:image_encoder|crf|eyes)\.|\.(?:mix|balance|sharpness|bias|free|slots|types|blank|bank)$/.test(weight);
}
