// A box for each name, in plain numbers: every name asks for itself, on top of what its type's question was answered. The
// reference is training/systems/mner_qg/entity_grounding.py; with its last layers at zero every name gets exactly its
// type's answer.
import type { Parameters } from "../../nn/parameters.js";
import { apply, declareLayer, dot, joined, type Layer, relu, softmax } from "../../nn/plain.js";
import { CLASSES, type Places } from "./places.js";

const GEOMETRY = 8;
const RANKS = 6;
export const FACTS = 16;
const SEEN = 16;
const KEYS = 32;
const HIDDEN = 64;

export type EntityHead = ReturnType<typeof declareEntityHead>;

export function declareEntityHead(p: Parameters, textWidth: number, width: number) {
  const layer = (name: string, inputs: number, outputs: number): Layer =>
    declareLayer(p, p.matrix(`entity_grounding.${name}`, inputs, outputs));
  const single = (name: string) => {
    const values = p.values(`entity_grounding.${name}`, [1]);
    return p.later(() => ({ value: values.read()[0]! }));
  };
  return {
    score: layer("score", textWidth, 1),
    key: layer("key", textWidth, KEYS),
    query: layer("query", 2 * textWidth, KEYS),
    mention: layer("mention", 4 * textWidth, width),
    own: layer("own", 2 * width, width),
    classes: layer("classes", CLASSES, SEEN),
    place: layer("place", GEOMETRY + SEEN + RANKS, width),
    wanted: layer("wanted", width, width),
    beta: single("beta"),
    hidden: layer("hidden", 2 * width, HIDDEN),
    shift: layer("shift", HIDDEN, 1),
    noneHidden: layer("none_hidden", width + SEEN + FACTS, HIDDEN),
    noneShift: layer("none_shift", HIDDEN, 1),
    price: single("price"),
  };
}

/** One row of H'' with a name in it; columns are pieces. */
export interface MentionRow {
  /** length × d_t. */
  readonly hidden: Float32Array;
  readonly first: number;
  readonly last: number;
  /** Columns of the sentence and the [SEP] behind it: from, to before. */
  readonly sentence: readonly [from: number, to: number];
}

/** What the name's own words, and what they look for in their sentence, say of it: m [d]. */
export function mentionVector(head: EntityHead, { hidden, first, last, sentence }: MentionRow): Float32Array {
  const width = head.score.inputs;
  const row = (at: number): Float32Array => hidden.subarray(at * width, (at + 1) * width);
  const ends = joined(row(first), row(last));
  const own: number[] = [];
  for (let at = first; at <= last; at++) own.push(apply(head.score, row(at))[0]!);
  const query = apply(head.query, ends);
  const columns: number[] = [];
  for (let at = sentence[0]; at < sentence[1]; at++) if (at < first || at > last) columns.push(at);
  const looks = columns.map((at) => dot(query, apply(head.key, row(at))) * KEYS ** -0.5);
  const pooled = new Float32Array(width);
  softmax(own).forEach((weight, index) => {
    addTo(pooled, row(first + index), weight);
  });
  const context = new Float32Array(width);
  softmax(looks).forEach((weight, index) => {
    addTo(context, row(columns[index]!), weight);
  });
  return apply(head.mention, joined(ends, pooled, context));
}

export interface NameInput {
  readonly mention: Float32Array;
  /** q of the question that found it. */
  readonly query: Float32Array;
  readonly facts: Float32Array;
  /** The likeliest cell's probability of each class. */
  readonly scene: Float32Array;
}

export interface Shifts {
  readonly places: Float32Array;
  readonly none: number;
}

/** By how much a name's words shift each place's chance and that of «not in the photo», in nats. */
export function shiftsOf(head: EntityHead, { mention, query, facts, scene }: NameInput, places: Places): Shifts {
  const own = apply(head.own, joined(mention, query));
  const e = query.map((value, index) => value + own[index]!);
  const wanted = apply(head.wanted, e);
  const shifts = Float32Array.from(places.list, ({ cell, geometry, classes, ranks }) => {
    const place = apply(head.place, joined(geometry, apply(head.classes, classes), ranks));
    const what = cell.map((value, index) => value + place[index]!);
    const both = joined(
      e.map((value, index) => value * what[index]!),
      what,
    );
    const match = dot(wanted, what) * what.length ** -0.5;
    return head.beta.value * match + apply(head.shift, relu(apply(head.hidden, both)))[0]!;
  });
  const noneIn = joined(e, apply(head.classes, scene), facts);
  return { places: shifts, none: apply(head.noneShift, relu(apply(head.noneHidden, noneIn)))[0]! };
}

const LEAST_TOTAL = 1e-6;

/**
 * The same chances after the shifts, the first `named` of them the question's own. Shifts of exactly zero change not a bit.
 * The other chances come on top of one: they can add to the total, not take from it.
 */
export function shifted(
  chances: readonly number[],
  none: number,
  named: number,
  shifts: Shifts,
): { chances: number[]; none: number } {
  const some = chances.map((_, index) => Math.exp(shifts.places[index]!) - 1);
  const nothing = Math.exp(shifts.none) - 1;
  const sum = chances.reduce(
    (total, chance, index) => total + chance * (index < named ? some[index]! : Math.max(0, some[index]!)),
    1 + none * nothing,
  );
  const total = Math.max(sum, LEAST_TOTAL);
  return {
    chances: chances.map((chance, index) => (chance * (1 + some[index]!)) / total),
    none: (none * (1 + nothing)) / total,
  };
}

const MOST_CHOICES = 8;
const LEAST_CHANCE = 1e-9;

/**
 * One place for each of a few names of one type: the best sum of logarithms, less a price for each further name on a place.
 * Names share places in one pair of five, so that a hard one-to-one would be wrong.
 */
export function assignPlaces(chances: readonly (readonly number[])[], price: number): number[] {
  const logs = chances.map((row) => row.map((chance) => Math.log(Math.max(chance, LEAST_CHANCE))));
  const orders = logs.map((row) =>
    row
      .map((_, index) => index)
      .sort((one, other) => row[other]! - row[one]! || one - other)
      .slice(0, MOST_CHOICES),
  );
  const ceilings = new Array<number>(logs.length + 1).fill(0);
  for (let name = logs.length - 1; name >= 0; name--)
    ceilings[name] = ceilings[name + 1]! + logs[name]![orders[name]![0]!]!;
  let best = Number.NEGATIVE_INFINITY;
  let answer = orders.map((order) => order[0]!);
  const users = new Map<number, number>();
  const go = (name: number, total: number, taken: readonly number[]): void => {
    if (total + ceilings[name]! <= best) return;
    if (name === logs.length) {
      best = total;
      answer = [...taken];
      return;
    }
    for (const place of orders[name]!) {
      const before = users.get(place) ?? 0;
      users.set(place, before + 1);
      go(name + 1, total + logs[name]![place]! - (before > 0 ? price : 0), [...taken, place]);
      users.set(place, before);
    }
  };
  go(0, 0, []);
  return answer;
}

function addTo(sum: Float32Array, x: Float32Array, weight: number): void {
  for (let index = 0; index < sum.length; index++) sum[index]! += x[index]! * weight;
}
