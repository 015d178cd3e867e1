// The places that a name may choose from, and what is known of each: those its type's question named, and behind them those
// that only the detector names. The reference is training/systems/mner_qg/photo_facts.py.
import { type Box, intersectionOverUnion as overlap } from "../../core/geometry.js";

export const CLASSES = 80;
/** Of the question's own, and as many of the detector's. */
const MOST_PLACES = 8;
/** Detections that share more are one. */
const SAME_DETECTION = 0.6;
/** The chance, before any shift, of a place that only the detector names. */
const EXTRA_CHANCE = 1e-3;
/** Probability from which a detection counts as seen. */
const SEEN_FROM = 0.4;
const CLEAR_CLASS = 0.2;
const LIKELIEST_CELLS = 200;
const PERSON = 0;

/** What the detector says of one photo, in the photo's own pixels. */
export interface Detections {
  readonly width: number;
  readonly height: number;
  /** Four numbers per cell, coarsest scale first. */
  readonly boxes: Float64Array;
  /** 80 probabilities per cell. */
  readonly classes: Float32Array;
  /** Cells of the best detections of any class, best first. */
  readonly best: readonly number[];
  /** The likeliest cell's probability of each class. */
  readonly scene: Float32Array;
}

/** A place as the question's answer gives it. */
export interface NamedPlace {
  readonly box: Box;
  readonly score: number;
  readonly cell: number;
}

export interface Place {
  readonly box: Box;
  /** What questions are matched against in its cell: [d]. */
  readonly cell: Float32Array;
  readonly geometry: Float32Array;
  readonly classes: Float32Array;
  readonly ranks: Float32Array;
}

export interface Places {
  readonly list: readonly Place[];
  readonly chances: readonly number[];
  readonly none: number;
  /** So many of them are the question's own. */
  readonly named: number;
}

export function boxAt(boxes: Float64Array, cell: number): Box {
  return [boxes[cell * 4]!, boxes[cell * 4 + 1]!, boxes[cell * 4 + 2]!, boxes[cell * 4 + 3]!];
}

export function detect(boxes: Float64Array, classes: Float32Array, width: number, height: number): Detections {
  const cells = boxes.length / 4;
  const scores = new Float32Array(cells);
  const scene = new Float32Array(CLASSES);
  for (let cell = 0; cell < cells; cell++) {
    for (let kind = 0; kind < CLASSES; kind++) {
      const chance = classes[cell * CLASSES + kind]!;
      if (chance > scores[cell]!) scores[cell] = chance;
      if (chance > scene[kind]!) scene[kind] = chance;
    }
  }
  const order = Array.from({ length: cells }, (_, cell) => cell)
    .sort((one, other) => scores[other]! - scores[one]! || one - other)
    .slice(0, LIKELIEST_CELLS);
  const best: number[] = [];
  for (const cell of order) {
    if (best.length === MOST_PLACES) break;
    if (best.every((kept) => overlap(boxAt(boxes, kept), boxAt(boxes, cell)) < SAME_DETECTION)) best.push(cell);
  }
  return { width, height, boxes, classes, best, scene };
}

/** `named` are the question's own places, best first; `matched` gives a cell's vector. */
export function gatherPlaces(
  named: readonly NamedPlace[],
  none: number,
  seen: Detections,
  matched: (cell: number) => Float32Array,
): Places {
  const own = named.slice(0, MOST_PLACES);
  const extra = seen.best
    .map((cell): NamedPlace => ({ box: boxAt(seen.boxes, cell), score: EXTRA_CHANCE * (1 - none), cell }))
    .filter(({ box }) => own.every((place) => overlap(place.box, box) < SAME_DETECTION));
  const all = [...own, ...extra];
  const ranks = rankPlaces(all, own.length, seen);
  const list = all.map(
    ({ box, cell }, index): Place => ({
      box,
      cell: matched(cell),
      geometry: geometry(box, seen),
      classes: seen.classes.subarray(cell * CLASSES, (cell + 1) * CLASSES),
      ranks: ranks[index]!,
    }),
  );
  return { list, chances: all.map(({ score }) => score), none, named: own.length };
}

function geometry([x0, y0, x1, y1]: Box, { width, height }: Detections): Float32Array {
  const [left, top, right, bottom] = [x0 / width, y0 / height, x1 / width, y1 / height];
  const ends = [2 * left - 1, 2 * top - 1, 2 * right - 1, 2 * bottom - 1];
  return Float32Array.of(...ends, left + right - 1, top + bottom - 1, right - left, bottom - top);
}

/**
 * Among the places of its own likeliest class: the order from the left, from the top and by size, and their number; whether
 * the question itself named it; and its chance on a logarithmic scale.
 */
function rankPlaces(places: readonly NamedPlace[], named: number, { classes }: Detections): Float32Array[] {
  const kinds = places.map(({ cell }) => {
    const [kind, chance] = likeliest(classes, cell);
    return chance >= CLEAR_CLASS ? kind : -1;
  });
  const keys = [
    ({ box }: NamedPlace) => box[0] + box[2],
    ({ box }: NamedPlace) => box[1] + box[3],
    ({ box }: NamedPlace) => -(box[2] - box[0]) * (box[3] - box[1]),
  ];
  return places.map((place, index) => {
    const same = places.filter((_, other) => kinds[other] === kinds[index]);
    const orders = keys.map((key) =>
      same.length > 1 ? same.filter((other) => key(other) < key(place)).length / (same.length - 1) : 0.5,
    );
    const chance = Math.log(Math.max(place.score, 1e-6)) / 10;
    return Float32Array.of(...orders, Math.min(same.length, 5) / 5, index < named ? 1 : 0, chance);
  });
}

function likeliest(classes: Float32Array, cell: number): [kind: number, chance: number] {
  let best = 0;
  for (let kind = 1; kind < CLASSES; kind++) {
    if (classes[cell * CLASSES + kind]! > classes[cell * CLASSES + best]!) best = kind;
  }
  return [best, classes[cell * CLASSES + best]!];
}

/** How a name stands among its like. */
export interface NameStanding {
  /** It is the k-th (from 0) of `count` names of its type. */
  readonly order: number;
  readonly count: number;
  readonly words: number;
  /** To the name before, by an “and” or the like. */
  readonly joined: boolean;
  /** Written with @ or #. */
  readonly tagged: boolean;
}

/** How sure the questions are of «none», the best place, the people seen, and how the name stands: 16 numbers. */
export function factsOf(nones: readonly number[], places: Places, seen: Detections, name: NameStanding): Float32Array {
  const people = seen.best.filter((cell) => {
    const [kind, chance] = likeliest(seen.classes, cell);
    return kind === PERSON && chance >= SEEN_FROM;
  });
  const areas = people.map((cell) => {
    const [x0, y0, x1, y1] = boxAt(seen.boxes, cell);
    return ((x1 - x0) * (y1 - y0)) / (seen.width * seen.height);
  });
  const best = places.chances[0]! / Math.max(1e-6, 1 - places.none);
  const yes = (condition: boolean): number => (condition ? 1 : 0);
  return Float32Array.of(
    logit(places.none) / 5,
    best,
    ...Array.from({ length: 4 }, (_, index) => nones[index] ?? 1),
    Math.min(people.length, 5) / 5,
    Math.max(0, ...areas),
    Math.min(name.order, 4) / 4,
    Math.min(name.count, 5) / 5,
    yes(name.order === 0),
    Math.min(name.words, 4) / 4,
    yes(name.joined),
    yes(people.length >= name.count),
    yes(people.length === 0),
    yes(name.tagged),
  );
}

const logit = (chance: number): number => Math.log(Math.max(chance, 1e-4) / Math.max(1 - chance, 1e-4));
