// From the network's numbers to names with places: joins what the text room and the vision room each decode.
import type { Json, ModelManifest } from "../model/index.js";
import { decodeSpans, type PreparedText, type Sequences } from "../text/index.js";
import { attentionOverPhoto, decodeGrounding, type Letterbox } from "../vision/index.js";
import type { Query } from "./analyzer.js";
import type { Entity, QueryResult } from "./results.js";

/** What the network said of all rows, and of the photo for each query in the window that knows most of it. */
export interface Predictions {
  readonly start: Float32Array;
  readonly end: Float32Array;
  readonly existence: Float32Array;
  /** Per query; null without a photo. */
  readonly photo: readonly PhotoPrediction[] | null;
}

export interface PhotoPrediction {
  /** candidates × 5. */
  readonly candidates: Float32Array;
  readonly none: number;
  readonly relevance: number;
}

export interface DecodeInput {
  readonly manifest: ModelManifest;
  readonly prepared: PreparedText;
  readonly sequences: Sequences;
  readonly queries: readonly Query[];
  readonly predictions: Predictions;
  readonly letterbox: Letterbox | null;
  readonly nested: boolean;
  readonly threshold: number;
}

const VALUES = 5;
const ALTERNATIVES = 3;

export function decodeResult(input: DecodeInput): { entities: Entity[]; queries: QueryResult[] } {
  const { manifest, prepared, sequences, queries, predictions, letterbox } = input;
  const { config, calibration } = manifest;
  const decoded = decodeSpans(prepared, sequences, queries, predictions, {
    maxSpanWords: config.maxSpanWords,
    startThreshold: numberOf(config.decode, "startThreshold"),
    endThreshold: numberOf(config.decode, "endThreshold"),
    calibration: calibration.span,
    minScore: input.threshold,
    nested: input.nested,
  });
  const results = queries.map(({ label, query }, index): QueryResult => {
    const photo = predictions.photo?.[index];
    const common = { type: label, query, exists: decoded.existence[index]! };
    if (!photo || !letterbox) {
      return { ...common, region: null, notInPhoto: 1, alternatives: [], imageRelevance: 0, attention: null };
    }
    const { region, best, alternatives, notInPhoto } = decodeGrounding({
      candidates: photo.candidates,
      noneLogit: photo.none,
      anchors: config.anchors,
      strides: config.image.strides,
      letterbox,
      calibration: calibration.none,
      noneThreshold: numberOf(config.decode, "noneThreshold"),
      mostAlternatives: ALTERNATIVES,
    });
    const attention = attentionOverPhoto(cellWeights(photo.candidates, manifest), letterbox);
    return {
      ...common,
      region,
      notInPhoto,
      // What is more likely not in the photo still has a likeliest place, which evaluation wants to know.
      alternatives: region === null && best !== null ? [best, ...alternatives].slice(0, ALTERNATIVES) : alternatives,
      imageRelevance: photo.relevance,
      attention,
    };
  });
  const entities = decoded.spans.map(
    ({ start, end, text, type, score, queryIndex }): Entity => ({
      start,
      end,
      text,
      type,
      score,
      region: results[queryIndex]!.region,
    }),
  );
  return { entities, queries: results };
}

/** How probable each cell of each grid is as the place, all its anchors together, up to a common factor. */
function cellWeights(candidates: Float32Array, { config }: ModelManifest): { grid: number; weights: Float32Array }[] {
  let largest = Number.NEGATIVE_INFINITY;
  for (let at = VALUES - 1; at < candidates.length; at += VALUES) largest = Math.max(largest, candidates[at]!);
  let at = VALUES - 1;
  return config.image.strides.map((stride, scale) => {
    const grid = config.image.size / stride;
    const weights = new Float32Array(grid * grid);
    const anchors = config.anchors[scale]!.length;
    for (let cell = 0; cell < weights.length; cell++) {
      for (let anchor = 0; anchor < anchors; anchor++, at += VALUES)
        weights[cell]! += Math.exp(candidates[at]! - largest);
    }
    return { grid, weights };
  });
}

function numberOf(record: Readonly<Record<string, Json>> | undefined, key: string): number | undefined {
  const value = record?.[key];
  return typeof value === "number" ? value : undefined;
}
