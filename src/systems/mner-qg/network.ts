// MNER-QG as a whole: a photo in once, rows of questions and text in as one batch, logits out with one read-back. An
// independent reading of the published method; the PyTorch reference in training/systems/mner_qg is its exact definition.
import { matMul, type Tensor, type Tensor2D, type Tensor4D, transpose } from "@tensorflow/tfjs-core";
import { bert, declareBert, type TokenRows } from "../../encoders/bert.js";
import { declareImageEncoder } from "../../encoders/index.js";
import { cells, columns, convolve, linear } from "../../nn/operations.js";
import { type Parameters, scaled } from "../../nn/parameters.js";
import type { TensorScope } from "../../nn/tensor-scope.js";
import { ANCHORS, BOX_VALUES, COORDINATES, type MnerQgConfig } from "./config.js";
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

/** One scale of a photo as every query shares it. */
interface ScaleFeatures {
  /** The first convolution of the query-conditioned map: [1, g, g, d]. */
  readonly reduced: Tensor4D;
  /** What queries are matched against: [d, g·g]. */
  readonly matched: Tensor2D;
  /** What the grounding head says of each anchor whatever is asked for: [1, g, g, 15]. */
  readonly objects: Tensor4D;
}

export type Photo = readonly ScaleFeatures[];
export type Net = ReturnType<typeof declare>;

export function declare(p: Parameters, config: MnerQgConfig) {
  const { image, text, width } = config;
  const scales = image.strides.map((_, k) => k);
  const head = "grounding_head";
  return {
    width,
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
    ),
    boxes: scales.map((k) => p.convolution(`${head}.scales.${k}`, width, ANCHORS * BOX_VALUES)),
    objects: scales.map((k) => p.convolution(`${head}.objects.${k}`, image.channels[k]!, ANCHORS * BOX_VALUES)),
    matchCells: scales.map((k) => p.convolution(`${head}.match_cells.${k}`, width + COORDINATES, width)),
  };
}

export async function encodePhoto(net: Net, pixels: Tensor4D, scope: TensorScope): Promise<Photo> {
  const maps = await net.image(pixels, scope); //                                          V_k [1, g, g, c_k]
  const scales: ScaleFeatures[] = [];
  for (const [k, v] of maps.entries()) {
    scope.watch(`image_encoder.${k}`, v);
    const u = await scope.slice(() => net.commonWidth[k]!(v)); //                          U_k [1, g, g, d + 8]
    scope.watch(`common_width.${k}`, u);
    const features = await scope.slice(
      () => ({
        reduced: net.reduce[k]!(u), //                                                     [1, g, g, d]
        matched: transpose(cells(convolve(u, net.matchCells[k]!))), //                     [d, g·g]
        objects: convolve(v, net.objects[k]!), //                                          [1, g, g, 15]
      }),
      [u, v],
    );
    scales.push(features as ScaleFeatures);
  }
  return scales;
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
    const fromQuery = await scope.slice(() => linear(q, net.fromQuery), q); //                 [T, 2Kd + d + 1]
    const conditions = 2 * d * features.length;
    const queries = await scope.slice(() => net.cross.query(text)); //                         [T·L, d]
    const attended: Tensor2D[] = [];
    for (const [k, { reduced, matched, objects }] of features.entries()) {
      const f = await scope.slice(() => net.conditioned[k]!(reduced, fromQuery)); //       F_k [T, g, g, d]
      scope.watch(`conditioned.${k}`, f);
      const found = await scope.slice(() => ({
        boxes: convolve(f, net.boxes[k]!, 1, "linear", objects), //                           [T, g, g, 15]
        match: matMul(columns(fromQuery, conditions, d), matched), //                          [T, g·g]
      }));
      [outputs[`boxes.${k}`], outputs[`match.${k}`]] = [found.boxes, found.match];
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
  outputs.text = await scope.slice(() => linear(aware, net.textHeads), aware); //              [T·L, 3]
  return readOutput(await scope.read(outputs), rows);
}
