// What each name found says of the photo for itself: its own place, whether it is there at all, what else it may be. Plain
// numbers, after spans are decoded; a name costs some two hundred thousand multiplications.

import { intersectionOverUnion } from "../../core/geometry.js";
import type { Box, ImageKind, Region } from "../../core/results.js";
import { DETECTOR_BOX, DETECTOR_CLASSES } from "../../encoders/nanodet.js";
import { joined } from "../../nn/plain.js";
import { believedWindows, type PreparedText, type Sequences } from "../../text/index.js";
import { clipBox, type GroundedPlace, type Letterbox } from "../../vision/index.js";
import type { MnerQgConfig } from "./config.js";
import type { Span } from "./decode-spans.js";
import { assignPlaces, mentionVector, shifted, shiftsOf } from "./entity-grounding.js";
import type { Net, PhotoFacts } from "./network.js";
import type { Answer } from "./output.js";
import { imageKindOf, relatednessOf } from "./photo-heads.js";
import { type Detections, detect, factsOf, gatherPlaces, type NameStanding, type Places } from "./places.js";

/** What the page shows of one name's place in the photo. */
export interface NamePlace {
  readonly region: Region | null;
  readonly notInPhoto: number;
  readonly alternatives: readonly Region[];
  readonly ambiguous: boolean;
}

export interface NamesInput {
  readonly config: MnerQgConfig;
  readonly net: Pick<Net, "names" | "width">;
  readonly facts: PhotoFacts;
  readonly letterbox: Letterbox;
  readonly answer: Answer;
  readonly sequences: Sequences;
  readonly prepared: PreparedText;
  /** Per question: its places, best first, and how likely none of them is it. */
  readonly groundings: readonly { readonly places: readonly GroundedPlace[]; readonly notInPhoto: number }[];
  readonly noneThreshold: number;
}

const ALTERNATIVES = 3;
const LEAST_ALTERNATIVE = 0.01;
/** Two places this near in chance, and apart, are one of these. */
const NEAR = 0.15;
const JOINTS = new Set(["and", "&", ",", "+", "x", "/", "with"]);

/** Places of the names, in their order; a name far back in a long text gets null, and with it its type's answer. */
export function placeNames(input: NamesInput, spans: readonly Span[]): (NamePlace | null)[] {
  const { net, answer, noneThreshold } = input;
  const seen = detections(input);
  const head = net.names!.entity;
  const nones = input.groundings.map(({ notInPhoto }) => notInPhoto);
  const ofQuestion = input.groundings.map(({ places, notInPhoto }) =>
    gatherPlaces(places, notInPhoto, seen, (cell) =>
      input.facts.matched.subarray(cell * net.width, (cell + 1) * net.width),
    ),
  );
  const standings = standingsOf(spans, input.prepared);
  const asked = spans.map((span, index) => {
    const places = ofQuestion[span.queryIndex]!;
    const row = rowOf(span, input);
    const query = answer.photo?.[span.queryIndex]?.query;
    if (row === null || !query || places.list.length === 0) return null;
    const facts = factsOf(nones, places, seen, standings[index]!);
    const shifts = shiftsOf(head, { mention: mentionVector(head, row), query, facts, scene: seen.scene }, places);
    return { places, ...shifted(places.chances, places.none, places.named, shifts) };
  });
  const chosen = asked.map((one) => (one ? indexOfBest(one.chances) : 0));
  if (head.price.value > 0) share(spans, asked, chosen, head.price.value, noneThreshold);
  return asked.map((one, index) => one && namePlace(one, chosen[index]!, noneThreshold));
}

/** Does the photo belong to the text, and what kind of picture is it? */
export function judgePhoto(input: NamesInput): { relatedness: number | null; imageKind: ImageKind } {
  const { net, facts, answer, sequences } = input;
  const summary = joined(facts.means, detections(input).scene);
  const imageKind = imageKindOf(net.names!.imageKind, summary);
  if (!answer.hidden) return { relatedness: null, imageKind };
  const width = net.names!.entity.score.inputs;
  const [from, to] = [sequences.sentenceColumns[0]!, sequences.lengths[0]!];
  const text = new Float32Array(width);
  for (let column = from; column < to; column++) {
    for (let at = 0; at < width; at++) text[at]! += answer.hidden[column * width + at]! / (to - from);
  }
  return { relatedness: relatednessOf(net.names!.relatedness, summary, text), imageKind };
}

/** The detector's boxes in the photo's pixels. */
function detections({ config, facts, letterbox }: NamesInput): Detections {
  const { size, strides } = config.image;
  const values = DETECTOR_CLASSES + DETECTOR_BOX;
  const cells = facts.said.length / values;
  const boxes = new Float64Array(cells * 4);
  const classes = new Float32Array(cells * DETECTOR_CLASSES);
  let cell = 0;
  for (const stride of strides) {
    const grid = size / stride;
    for (let y = 0; y < grid; y++) {
      for (let x = 0; x < grid; x++, cell++) {
        const at = cell * values;
        classes.set(facts.said.subarray(at, at + DETECTOR_CLASSES), cell * DETECTOR_CLASSES);
        const [tx, ty, tw, th] = facts.said.subarray(at + DETECTOR_CLASSES, at + values) as unknown as [
          number,
          number,
          number,
          number,
        ];
        const [halfWidth, halfHeight] = [(Math.exp(tw) * stride) / 2, (Math.exp(th) * stride) / 2];
        const [middleX, middleY] = [(x + 0.5 + tx) * stride, (y + 0.5 + ty) * stride];
        boxes.set(
          inPhoto([middleX - halfWidth, middleY - halfHeight, middleX + halfWidth, middleY + halfHeight], letterbox),
          cell * 4,
        );
      }
    }
  }
  return detect(boxes, classes, letterbox.width, letterbox.height);
}

function inPhoto([x0, y0, x1, y1]: Box, { scale, left, top, width, height }: Letterbox): Box {
  return clipBox([(x0 - left) / scale, (y0 - top) / scale, (x1 - left) / scale, (y1 - top) / scale], width, height);
}

function standingsOf(spans: readonly Span[], { text, words }: PreparedText): NameStanding[] {
  return spans.map((span, index) => {
    const like = spans.filter(({ queryIndex }) => queryIndex === span.queryIndex);
    const before = spans[index - 1];
    return {
      order: like.indexOf(span),
      count: like.length,
      words: words.filter(({ start, end }) => start >= span.start && end <= span.end).length,
      joined: before !== undefined && JOINTS.has(text.slice(before.end, span.start).trim().toLowerCase()),
      tagged: span.text.startsWith("@") || span.text.startsWith("#"),
    };
  });
}

/** The row that found a name, and where the name stands in it. */
function rowOf(span: Span, { answer, sequences, prepared, net }: NamesInput) {
  const { windows, queryCount, length, sentenceColumns, lengths } = sequences;
  const first = prepared.pieces.findIndex(({ start }) => start >= span.start);
  const last = prepared.pieces.findLastIndex(({ end }) => end <= span.end);
  if (!answer.hidden || first < 0 || last < first) return null;
  const index = believedWindows(prepared.pieces, windows)[first]!;
  const window = windows[index]!;
  const row = index * queryCount + span.queryIndex;
  const size = length * net.names!.entity.score.inputs;
  if ((row + 1) * size > answer.hidden.length) return null;
  const column = (piece: number): number => sentenceColumns[span.queryIndex]! + piece - window.firstPiece;
  return {
    hidden: answer.hidden.subarray(row * size, (row + 1) * size),
    first: column(first),
    last: column(Math.min(last, window.endPiece - 1)),
    sentence: [sentenceColumns[span.queryIndex]!, lengths[row]!] as const,
  };
}

interface Asked {
  readonly places: Places;
  readonly chances: readonly number[];
  readonly none: number;
}

/** Settles places within each type; equal names are one. */
function share(
  spans: readonly Span[],
  asked: readonly (Asked | null)[],
  chosen: number[],
  price: number,
  noneThreshold: number,
): void {
  for (const question of new Set(spans.map(({ queryIndex }) => queryIndex))) {
    const who = new Map<string, number[]>();
    spans.forEach((span, index) => {
      const one = asked[index];
      if (!one || span.queryIndex !== question || one.none >= noneThreshold) return;
      const name = span.text.toLowerCase();
      who.set(name, [...(who.get(name) ?? []), index]);
    });
    const groups = [...who.values()];
    if (groups.length < 2) continue;
    const places = assignPlaces(
      groups.map(([first]) => asked[first!]!.chances),
      price,
    );
    groups.forEach((group, at) => {
      for (const index of group) chosen[index] = places[at]!;
    });
  }
}

function namePlace({ places, chances, none }: Asked, chosen: number, noneThreshold: number): NamePlace {
  const at = (index: number): Region => ({ box: places.list[index]!.box, score: chances[index]! });
  const others = chances
    .map((_, index) => index)
    .filter((index) => index !== chosen)
    .sort((one, other) => chances[other]! - chances[one]! || one - other);
  const best = at(chosen);
  const absent = none >= noneThreshold;
  const apart = others
    .map(at)
    .filter(({ box, score }) => score >= LEAST_ALTERNATIVE && intersectionOverUnion(box, best.box) < 0.5);
  const next = apart[0];
  return {
    region: absent ? null : best,
    notInPhoto: none,
    alternatives: (absent ? [best, ...apart] : apart).slice(0, ALTERNATIVES),
    ambiguous:
      !absent &&
      next !== undefined &&
      best.score - next.score < NEAR &&
      intersectionOverUnion(next.box, best.box) === 0,
  };
}

function indexOfBest(values: readonly number[]): number {
  return values.reduce((best, value, index) => (value > values[best]! ? index : best), 0);
}
