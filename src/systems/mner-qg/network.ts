// MNER-QG as a whole: a photo in once, rows of questions and text in as one batch, logits out with one read-back. An
// independent reading of the published method; the PyTorch reference in training/systems/mner_qg is its exact definition.
import { matMul, mean, slice, type Tensor, type Tensor2D, type Tensor4D, transpose } from "@tensorflow/tfjs-core";
import { bert, declareBert, type TokenRows } from "../../encoders/bert.js";
import { declareImageEncoder } from "../../encoders/index.js";
import { DETECTOR_BOX, DETECTOR_CLASSES } from "../../encoders/nanodet.js";
import { cells, columns, convolve, linear } from "../../nn/operations.js";
import { type Parameters, scaled } from "../../nn/parameters.js";
import { joined } from "../../nn/plain.js";
import type { TensorScope } from "../../nn/tensor-scope.js";
import { BOX_VALUES, COORDINATES, type MnerQgConfig } from "./config.js";
import { declareEntityHead } from "./entity-grounding.js";
import {
  conditionMatrices,
  declareCommonWidth,
  declareConditionedMaps,
  declareCrossModality,
  declareExistenceAware,
  declareQueryVector,
  declareReduce,
} from "./interactions.js";
import { type MnerQgOutput, readOutput } from "./output.js";
import { declareImageKind, declareRelatedness } from "./photo-heads.js";

/** One scale of a photo as every query shares it. */
interface ScaleFeatures {
  /** The first convolution of the query-conditioned map: [1, g, g, d]. */
  readonly reduced: Tensor4D;
  /** What queries are matched against: [d, g·g]. */
  readonly matched: Tensor2D;
  /** What the grounding head says of each anchor whatever is asked for: [1, g, g, 5 × anchors]. */
  readonly objects: Tensor4D;
  /** What a detector says of each class: [80, g·g]; null where the encoder is none. */
  readonly known: Tensor2D | null;
}

/** What decoding wants to know of a photo, as numbers; cells of all scales in a row, coarsest first. */
export interface PhotoFacts {
  /** cells × 84: the detector's probability of each class, and its box. */
  readonly said: Float32Array;
  /** cells × d: what queries are matched against. */
  readonly matched: Float32Array;
  /** Means of the towers, scale after scale. */
  readonly means: Float32Array;
}

export interface Photo {
  readonly scales: readonly ScaleFeatures[];
  readonly facts: PhotoFacts | null;
}

export type Net = ReturnType<typeof declare>;

export function declare(p: Parameters, config: MnerQgConfig) {
  const { image, text, width } = config;
  const scales = image.strides.map((_, k) => k);
  const head = "grounding_head";
  const boxes = config.anchors[0]!.length * BOX_VALUES;
  const detects = image.kind === "nanodet-plus";
  return {
    width,
    detects,
    text: declareBert(p, text),
    image: declareImageEncoder(p, image),
    commonWidth: declareCommonWidth(p, config),
    queryVector: declareQueryVector(p, config),
    reduce: declareReduce(p, config),
    conditioned: declareConditionedMaps(p, config),
    cross: declareCrossModality(p, config),
    existence: declareExistenceAware(p, config),
    /** Start, end and existence in one layer; existence counts at the first piece of a row only. */
    textHeads: p.linear(p.matrix("span_head", text.width, 2), p.matrix("existence_head", text.width, 1)),
    /** All that is read off q, in one layer: 1 + scale and shift of every scale, the wanted match, «not in the photo». */
    fromQuery: p.linear(
      ...conditionMatrices(p, config),
      scaled(p.matrix(`${head}.match_query`, width, width), width ** -0.5),
      p.matrix(`${head}.none`, width, 1),
      ...(detects ? [p.matrix(`${head}.class_query`, width, DETECTOR_CLASSES)] : []),
    ),
    boxes: scales.map((k) => p.convolution(`${head}.scales.${k}`, width, boxes)),
    objects: scales.map((k) => p.convolution(`${head}.objects.${k}`, image.channels[k]!, boxes)),
    matchCells: scales.map((k) => p.convolution(`${head}.match_cells.${k}`, width + COORDINATES, width)),
    names: config.nameHeads
      ? {
          entity: declareEntityHead(p, text.width, width),
          relatedness: declareRelatedness(p, image, text.width),
          imageKind: declareImageKind(p, image),
        }
      : null,
  };
}

export async function encodePhoto(net: Net, pixels: Tensor4D, scope: TensorScope): Promise<Photo> {
  const maps = await net.image(pixels, scope); //                                          V_k [1, g, g, c_k]
  const scales: ScaleFeatures[] = [];
  const facts: Record<string, Tensor> = {};
  for (const [k, v] of maps.entries()) {
    scope.watch(`image_encoder.${k}`, v);
    const u = await scope.slice(() => net.commonWidth[k]!(v)); //                          U_k [1, g, g, d + 8]
    scope.watch(`common_width.${k}`, u);
    const { said, matched, means, ...features } = await scope.slice(() => {
      const matched = cells(convolve(u, net.matchCells[k]!)); //                           [g·g, d]
      const rows = cells(v);
      const [count, tower] = [rows.shape[0], rows.shape[1] - DETECTOR_CLASSES - DETECTOR_BOX];
      const part = (from: number, width: number): Tensor2D => slice(rows, [0, from], [count, width]);
      return {
        reduced: net.reduce[k]!(u), //                                                     [1, g, g, d]
        matched,
        objects: convolve(v, net.objects[k]!), //                                          [1, g, g, 5 × anchors]
        turned: transpose(matched), //                                                     [d, g·g]
        known: net.detects ? (transpose(part(tower, DETECTOR_CLASSES)) as Tensor2D) : null, // [80, g·g]
        said: net.names ? part(tower, DETECTOR_CLASSES + DETECTOR_BOX) : null, //          [g·g, 84]
        means: net.names ? mean(part(0, tower), 0) : null, //                              [c]
      };
    }, [u, v]);
    const { turned, ...shared } = features;
    scales.push({ ...shared, matched: turned });
    if (said && means) Object.assign(facts, { [`said.${k}`]: said, [`matched.${k}`]: matched, [`means.${k}`]: means });
    else await scope.slice(() => null, matched);
  }
  return { scales, facts: net.names ? readFacts(await scope.read(facts), scales.length) : null };
}

function readFacts(read: Readonly<Record<string, Float32Array>>, scales: number): PhotoFacts {
  const all = (name: string): Float32Array =>
    joined(...Array.from({ length: scales }, (_, k) => read[`${name}.${k}`]!));
  return { said: all("said"), matched: all("matched"), means: all("means") };
}

export async function forward(
  net: Net,
  rows: TokenRows,
  photo: Photo | Promise<Photo> | null,
  scope: TensorScope,
): Promise<MnerQgOutput> {
  const d = net.width;
  let hidden = await bert(net.text, rows, scope); //                                       H   [T·L, d_t]
  scope.watch("text_encoder", hidden);

  const outputs: Record<string, Tensor> = {};
  const features = await photo;
  if (features !== null) {
    const text = hidden;
    const q = await scope.slice(() => net.queryVector(text, rows)); //                     q   [T, d]
    scope.watch("query_vector", q);
    const fromQuery = await scope.slice(() => linear(q, net.fromQuery), net.names ? null : q); // [T, 2Kd + d + 1 (+ 80)]
    if (net.names) outputs.query = q;
    const conditions = 2 * d * features.scales.length;
    const queries = await scope.slice(() => net.cross.query(text)); //                         [T·L, d]
    const attended: Tensor2D[] = [];
    for (const [k, { reduced, matched, objects, known }] of features.scales.entries()) {
      const f = await scope.slice(() => net.conditioned[k]!(reduced, fromQuery)); //       F_k [T, g, g, d]
      scope.watch(`conditioned.${k}`, f);
      const found = await scope.slice(() => ({
        boxes: convolve(f, net.boxes[k]!, 1, "linear", objects), //                            [T, g, g, 5 × anchors]
        match: matMul(columns(fromQuery, conditions, d), matched), //                          [T, g·g]
        known: known && matMul(columns(fromQuery, conditions + d + 1, DETECTOR_CLASSES), known), // [T, g·g]
      }));
      [outputs[`boxes.${k}`], outputs[`match.${k}`]] = [found.boxes, found.match];
      if (found.known) outputs[`known.${k}`] = found.known;
      attended.push(await scope.slice(() => net.cross.crossAttention(k, queries, f), f)); //   [T·L, d]
    }
    const { fused, gateMean } = await scope.slice(
      () => net.cross.gatedFusion(text, attended), //                                      H'  [T·L, d_t], [T·L]
      [text, queries, ...attended],
    );
    scope.watch("cross_modality", fused);
    outputs.gateMean = gateMean;
    outputs.none = await scope.slice(() => columns(fromQuery, conditions + d, 1), fromQuery); // [T, 1]
    hidden = fused;
  }

  const seen = hidden;
  const aware = await scope.slice(() => net.existence(seen, rows.rows), seen); //          H'' [T·L, d_t]
  scope.watch("existence", aware);
  const keeps = net.names !== null && features !== null;
  outputs.text = await scope.slice(() => linear(aware, net.textHeads), keeps ? null : aware); // [T·L, 3]
  if (keeps) outputs.hidden = aware;
  return readOutput(await scope.read(outputs), rows);
}
