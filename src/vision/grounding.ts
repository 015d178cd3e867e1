// Turns the grounding head's numbers into places in the photo: one probability over all candidate boxes and "not in
// the photo", boxes mapped back and clipped, near-duplicates merged.
import { type Box, overlapAt } from "../core/geometry.js";
import { MnerError } from "../core/mner-error.js";
import type { Region } from "../core/results.js";
import { clipBox, type Letterbox } from "./letterbox.js";

export interface GroundingInput {
  /** [N × 5]: t_x, t_y, t_w, t_h, confidence; ordered by scale (coarsest first), row, column, anchor. */
  readonly candidates: Float32Array;
  /** The "not in the photo" logit of the same softmax. */
  readonly noneLogit: number;
  /** [scale][anchor] = [width, height] in input pixels. */
  readonly anchors: readonly (readonly (readonly [number, number])[])[];
  readonly strides: readonly number[];
  readonly letterbox: Letterbox;
  /** Calibrated P(not in photo) = sigmoid(a · logit(P) + b); the softmax's own when absent. */
  readonly calibration?: { readonly a: number; readonly b: number };
  /** From which P(not in photo) on there is no region. */
  readonly noneThreshold?: number;
  readonly mostAlternatives?: number;
  /** Alternatives less likely than this are noise. */
  readonly leastAlternativeScore?: number;
}

export interface Grounding {
  /** The place with the highest probability of all its cells together, or null when it is more likely not in the photo. */
  readonly region: Region | null;
  /** The best place even then; null only when there is no usable candidate at all. */
  readonly best: Region | null;
  /** Further places that do not overlap `best`, best first. */
  readonly alternatives: readonly Region[];
  readonly notInPhoto: number;
  /** The best places with their cells (counted over all scales), however unlikely, for whoever asks on. */
  readonly places: readonly GroundedPlace[];
}

export interface GroundedPlace extends Region {
  readonly cell: number;
}

/** Boxes that share this much of their union are the same place. */
const SAME_PLACE = 0.5;
/** Places whose candidates are pooled; what comes after has not even one likely candidate. */
const MOST_PLACES = 16;
/** Candidates below this part of the best one's probability are no places of their own. */
const NEGLIGIBLE = 1e-6;
/** Cells that a centre may lie from the middle of its cell, and the exponent of a size. */
const LIMIT = 4;
/** Any probability at this logit is 0 or 1, and its difference to another is still finite. */
const FAR = 1e6;
const VALUES = 5;

/** Decodes one query's candidates. */
export function decodeGrounding(input: GroundingInput): Grounding {
  const { candidates, letterbox, strides, anchors } = input;
  const count = candidates.length / VALUES;
  checkCount(count, letterbox.size, strides, anchors);

  const logits = new Float64Array(count);
  let largest = Number.NEGATIVE_INFINITY;
  for (let i = 0; i < count; i++) {
    logits[i] = usableLogit(candidates, i * VALUES);
    if (logits[i]! > largest) largest = logits[i]!;
  }
  if (largest === Number.NEGATIVE_INFINITY)
    return { region: null, best: null, alternatives: [], notInPhoto: 1, places: [] };
  const masses = new Float64Array(count);
  let sum = 0;
  for (let i = 0; i < count; i++) {
    masses[i] = Math.exp(logits[i]! - largest);
    sum += masses[i]!;
  }
  const notInPhoto = noneProbability(bounded(input.noneLogit), largest + Math.log(sum), input.calibration);

  const kept = findPlaces(candidates, masses, letterbox, strides, anchors);
  const present = 1 - notInPhoto;
  // A place is as likely as all its candidates together: many middling ones outweigh a single high one.
  const perCell = anchors[0]!.length;
  const places = suppress(kept, MOST_PLACES)
    .sort((one, other) => other.mass - one.mass)
    .map(({ box, mass, candidate }): GroundedPlace => {
      return { box, score: Math.min(1, mass / sum) * present, cell: Math.floor(candidate / perCell) };
    });
  const regions = places.slice(0, (input.mostAlternatives ?? 3) + 1).map(({ box, score }): Region => ({ box, score }));
  const best = regions[0]!;
  const least = input.leastAlternativeScore ?? 0.01;
  const alternatives = regions
    .slice(1)
    .filter(({ score }) => score >= least)
    .sort((one, other) => other.score - one.score);
  return { region: notInPhoto >= (input.noneThreshold ?? 0.5) ? null : best, best, alternatives, notInPhoto, places };
}

/** The candidates that count, as flat arrays: there are thousands, and an object for each would cost more than the work. */
interface Places {
  readonly count: number;
  /** Four numbers each, in photo pixels, clipped. */
  readonly boxes: Float64Array;
  /** exp(logit - largest): a candidate's part of the probability before division by the sum. */
  readonly masses: Float64Array;
  /** Which candidate each is. */
  readonly candidates: Int32Array;
}

/**
 * Greedy suppression. A kept place takes over the probability of those it suppresses: neighbouring cells describe the
 * same object, and the chance that it is seen there is the chance of all of them together.
 */
function suppress(places: Places, most: number): { box: Box; mass: number; candidate: number }[] {
  const { boxes, masses } = places;
  const rest = Int32Array.from({ length: places.count }, (_, index) => index);
  let left = places.count;
  const kept: { box: Box; mass: number; candidate: number }[] = [];
  while (kept.length < most && left > 0) {
    let best = rest[0]!;
    for (let i = 1; i < left; i++) {
      if (masses[rest[i]!]! > masses[best]!) best = rest[i]!;
    }
    const box: Box = [boxes[best * 4]!, boxes[best * 4 + 1]!, boxes[best * 4 + 2]!, boxes[best * 4 + 3]!];
    let mass = 0;
    let stay = 0;
    for (let i = 0; i < left; i++) {
      const index = rest[i]!;
      if (index === best || overlapAt(box, boxes, index * 4) >= SAME_PLACE) mass += masses[index]!;
      else rest[stay++] = index;
    }
    left = stay;
    kept.push({ box, mass, candidate: places.candidates[best]! });
  }
  return kept;
}

/** Boxes of the candidates that count. */
function findPlaces(
  candidates: Float32Array,
  candidateMasses: Float64Array,
  letterbox: Letterbox,
  strides: readonly number[],
  anchors: GroundingInput["anchors"],
): Places {
  const { width, height, scale, left, top } = letterbox;
  const boxes = new Float64Array(candidateMasses.length * 4);
  const masses = new Float64Array(candidateMasses.length);
  const indices = new Int32Array(candidateMasses.length);
  let count = 0;
  let index = 0;
  for (const [k, stride] of strides.entries()) {
    const grid = letterbox.size / stride;
    for (let y = 0; y < grid; y++) {
      for (let x = 0; x < grid; x++) {
        for (const anchor of anchors[k]!) {
          const mass = candidateMasses[index]!;
          if (mass >= NEGLIGIBLE) {
            const at = index * VALUES;
            const centreX = ((x + 0.5 + limited(candidates[at]!)) * stride - left) / scale;
            const centreY = ((y + 0.5 + limited(candidates[at + 1]!)) * stride - top) / scale;
            const halfWidth = (anchor[0] * Math.exp(limited(candidates[at + 2]!))) / 2 / scale;
            const halfHeight = (anchor[1] * Math.exp(limited(candidates[at + 3]!))) / 2 / scale;
            const box: Box = [centreX - halfWidth, centreY - halfHeight, centreX + halfWidth, centreY + halfHeight];
            boxes.set(clipBox(box, width, height), count * 4);
            indices[count] = index;
            masses[count++] = mass;
          }
          index++;
        }
      }
    }
  }
  return { count, boxes, masses, candidates: indices };
}

function noneProbability(none: number, candidates: number, calibration: GroundingInput["calibration"]): number {
  const { a, b } = calibration ?? { a: 1, b: 0 };
  return sigmoid(a * (none - candidates) + b);
}

/** A candidate with a number missing anywhere cannot be chosen. */
function usableLogit(candidates: Float32Array, at: number): number {
  for (let i = 0; i < VALUES - 1; i++) {
    if (Number.isNaN(candidates[at + i]!)) return Number.NEGATIVE_INFINITY;
  }
  const confidence = candidates[at + VALUES - 1]!;
  return confidence > Number.NEGATIVE_INFINITY ? bounded(confidence) : Number.NEGATIVE_INFINITY;
}

/** Infinite logits (an overflow on a half-precision GPU) are taken as very large ones, missing ones as very small. */
function bounded(logit: number): number {
  return Number.isNaN(logit) ? -FAR : Math.min(Math.max(logit, -FAR), FAR);
}

function limited(value: number): number {
  return Math.min(Math.max(value, -LIMIT), LIMIT);
}

function sigmoid(value: number): number {
  return 1 / (1 + Math.exp(-value));
}

function checkCount(count: number, size: number, strides: readonly number[], anchors: GroundingInput["anchors"]): void {
  const expected = strides.reduce((sum, stride, k) => sum + (size / stride) ** 2 * (anchors[k]?.length ?? 0), 0);
  if (count !== expected || strides.length !== anchors.length) {
    throw new MnerError(
      "model-mismatch",
      `The grounding head gave ${count} candidates where its anchors and strides make ${expected}. ` +
        "The model's config does not describe its weights: convert it again.",
    );
  }
}
