// From slots to names: each slot that is a type names its likeliest span; of spans that overlap the likelier one stays.
import type { Region } from "../../core/results.js";
import { softmax } from "../../nn/plain.js";
import type { Sequences } from "../../text/index.js";
import type { MultimodalConfig } from "../multimodal/config.js";
import { regionOf } from "../multimodal/evidence.js";
import type { VisualTokens } from "../multimodal/eyes.js";
import type { Answer } from "../multimodal/outputs.js";
import { existsOf, type ScoredSpan, toEntities, type WindowWords, wordsOfWindows } from "../multimodal/spans.js";
import type { Decoded, DecodeRequest } from "../system.js";
import { scoreOf, seenNowhere } from "../tagging/decode.js";

const MOST_ALTERNATIVES = 3;

/** What one slot of one row found: columns of the first and the last word, and the chances of its places, "not in the photo" first. */
export interface Named {
  readonly slot: number;
  readonly first: number;
  readonly last: number;
  readonly label: number;
  readonly chance: number;
  readonly places: readonly number[];
}

export interface SlotRow {
  readonly slots: number;
  /** Slots × (1 + labels), slots × length twice, slots × places. */
  readonly classes: Float32Array;
  readonly start: Float32Array;
  readonly end: Float32Array;
  readonly region: Float32Array;
}

/** `columns`: where words begin, in order. */
export function readSlots({ slots, ...row }: SlotRow, columns: readonly number[], most: number): Named[] {
  const chances = (values: Float32Array, slot: number): number[] => {
    const size = values.length / slots;
    return softmax([...values.subarray(slot * size, (slot + 1) * size)]);
  };
  const found: Named[] = [];
  for (let slot = 0; slot < slots; slot++) {
    const kinds = chances(row.classes, slot);
    const kind = kinds.indexOf(Math.max(...kinds));
    if (kind === 0) continue;
    const [starts, ends] = [chances(row.start, slot), chances(row.end, slot)];
    let best = { both: 0, first: -1, last: -1 };
    for (const [at, first] of columns.entries()) {
      for (const last of columns.slice(at, at + most)) {
        const both = starts[first]! * ends[last]!;
        if (both > best.both) best = { both, first, last };
      }
    }
    if (best.first < 0) continue;
    // The mean of three, as logarithms go.
    const chance = Math.cbrt(kinds[kind]! * best.both);
    found.push({
      slot,
      first: best.first,
      last: best.last,
      label: kind - 1,
      chance,
      places: chances(row.region, slot),
    });
  }
  return found;
}

interface SlotSpan extends ScoredSpan {
  readonly row: number;
  readonly slot: number;
}

export function decode(
  config: MultimodalConfig,
  answer: Answer,
  input: Sequences,
  request: DecodeRequest,
  tokens: VisualTokens | null,
): Decoded {
  const { prepared, queries } = request;
  const slots = answer.classes!.length / input.rows / (1 + config.labels.length);
  const windows = wordsOfWindows(prepared, input);
  const spans = windows.flatMap((window, row) =>
    readSlots(rowOf(answer, row, input.rows, slots), window.columns, config.maxSpanWords).flatMap((named) =>
      spanOf(named, window, row),
    ),
  );
  const entities = toEntities(spans, prepared, request);
  const holder = new Map(entities.map(({ span }, index) => [`${span.row} ${span.slot}`, index]));
  return {
    entities: entities.map(({ entity }) => entity),
    queries: queries.map(({ label, query }) => seenNowhere(label, query, existsOf(spans, label))),
    evidence: tokens && {
      kind: "slots",
      slots: spans.map(({ row, slot, score }) => ({ entity: holder.get(`${row} ${slot}`) ?? null, score })),
    },
  };

  function spanOf(named: Named, { columns, words, believed }: WindowWords, row: number): SlotSpan[] {
    const [first, last] = [columns.indexOf(named.first), columns.indexOf(named.last)];
    if (!believed[first]) return [];
    const score = scoreOf(named.chance, config.span);
    const type = config.labels[named.label]!;
    return [{ row, slot: named.slot, first: words[first]!, last: words[last]!, type, score, more: placeOf(named) }];
  }

  /** A name's own region or none, and further ones. */
  function placeOf({ places }: Named) {
    const { letterbox } = request;
    if (!tokens || !letterbox) return {};
    const [notInPhoto, ...chances] = places as [number, ...number[]];
    const order = chances.map((_, region) => region).sort((a, b) => chances[b]! - chances[a]!);
    const region = (at: number): Region => regionOf(tokens, at, chances[at]!, letterbox);
    const seen = order.length > 0 && chances[order[0]!]! > notInPhoto;
    const others = order.slice(seen ? 1 : 0, seen ? 1 + MOST_ALTERNATIVES : MOST_ALTERNATIVES);
    return { region: seen ? region(order[0]!) : null, notInPhoto, alternatives: others.map(region) };
  }
}

function rowOf(answer: Answer, row: number, rows: number, slots: number): SlotRow {
  const part = (name: string): Float32Array => {
    const size = answer[name]!.length / rows;
    return answer[name]!.subarray(row * size, (row + 1) * size);
  };
  return { slots, classes: part("classes"), start: part("start"), end: part("end"), region: part("region") };
}
