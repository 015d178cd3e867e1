// From the network's numbers to names with places: joins what is decoded of the text and of the photo.
import type { Entity, QueryResult } from "../../core/results.js";
import { gridSizes } from "../../encoders/index.js";
import type { Sequences } from "../../text/index.js";
import { attentionOverPhoto, decodeGrounding, type Grounding } from "../../vision/index.js";
import type { Decoded, DecodeRequest } from "../system.js";
import { BOX_VALUES, type MnerQgConfig } from "./config.js";
import { decodeSpans } from "./decode-spans.js";
import { judgePhoto, type NamesInput, placeNames } from "./names.js";
import type { Net, Photo } from "./network.js";
import type { Answer } from "./output.js";

const ALTERNATIVES = 3;
const NONE_THRESHOLD = 0.5;

export function decode(
  net: Pick<Net, "names" | "width">,
  config: MnerQgConfig,
  answer: Answer,
  input: Sequences,
  request: DecodeRequest,
  photo: Photo | null = null,
): Decoded {
  const { prepared, queries, letterbox, nested, threshold } = request;
  const { spans, existence } = decodeSpans(prepared, input, queries, answer, {
    maxSpanWords: config.maxSpanWords,
    startThreshold: config.startThreshold,
    endThreshold: config.endThreshold,
    calibration: config.span,
    minScore: threshold,
    nested,
  });
  const groundings: Grounding[] = [];
  const results = queries.map(({ label, query }, index): QueryResult => {
    const photo = answer.photo?.[index];
    const common = { type: label, query, exists: existence[index]! };
    if (!photo || !letterbox) {
      return { ...common, region: null, notInPhoto: 1, alternatives: [], imageRelevance: 0, attention: null };
    }
    const grounding = decodeGrounding({
      candidates: photo.candidates,
      noneLogit: photo.none,
      anchors: config.anchors,
      strides: config.image.strides,
      letterbox,
      calibration: config.none,
      noneThreshold: config.noneThreshold,
      mostAlternatives: ALTERNATIVES,
    });
    groundings.push(grounding);
    const { region, best, alternatives, notInPhoto } = grounding;
    return {
      ...common,
      region,
      notInPhoto,
      // What is more likely not in the photo still has a likeliest place, which evaluation wants to know.
      alternatives: region === null && best !== null ? [best, ...alternatives].slice(0, ALTERNATIVES) : alternatives,
      imageRelevance: photo.relevance,
      attention: attentionOverPhoto(cellWeights(photo.candidates, config), letterbox),
    };
  });
  const names = namesInput();
  const places = names && placeNames(names, spans);
  const entities = spans.map(({ queryIndex, ...span }, index): Entity => {
    return { ...span, ...(places?.[index] ?? { region: results[queryIndex]!.region }) };
  });
  return { entities, queries: results, evidence: { kind: "queries" }, ...(names && judgePhoto(names)) };

  function namesInput(): NamesInput | null {
    const facts = photo?.facts;
    if (!net.names || !facts || !letterbox || groundings.length < queries.length) return null;
    const noneThreshold = config.noneThreshold ?? NONE_THRESHOLD;
    return { config, net, facts, letterbox, answer, sequences: input, prepared, groundings, noneThreshold };
  }
}

/** How probable each cell of each grid is as the place, all its anchors together, up to a common factor. */
function cellWeights(
  candidates: Float32Array,
  { image, anchors }: MnerQgConfig,
): { grid: number; weights: Float32Array }[] {
  let largest = Number.NEGATIVE_INFINITY;
  for (let at = BOX_VALUES - 1; at < candidates.length; at += BOX_VALUES) largest = Math.max(largest, candidates[at]!);
  let at = BOX_VALUES - 1;
  return gridSizes(image).map((grid) => {
    const weights = new Float32Array(grid * grid);
    for (let cell = 0; cell < weights.length; cell++) {
      for (let anchor = 0; anchor < anchors[0]!.length; anchor++, at += BOX_VALUES)
        weights[cell]! += Math.exp(candidates[at]! - largest);
    }
    return { grid, weights };
  });
}
