// What there is to draw, worked out from a result without any DOM: which names are shown, where the photo shows each of
// them, which of them share a place, and how many there are of each type.
import type { AnalysisResult, Box, Entity, QueryResult, Region } from "../core/results.js";

export interface ShownEntity extends Entity {
  /** Place in the result's own list. */
  readonly index: number;
  /** Stable across filters and repeated runs over the same text: `0-14-PER`. */
  readonly id: string;
  /** Its places in the photo: none, one, or two where it may be either. */
  readonly boxIds: readonly string[];
}

/** A place in the photo; names that the network found in the same place share it. */
export interface ShownBox {
  readonly id: string;
  readonly type: string;
  readonly box: Box;
  /** That the place is right: the box's own figure, not the name's. */
  readonly score: number;
  /** Drawn broken: less likely than not, or one of two. */
  readonly unsure: boolean;
  /** Empty for the place of an own question that found no name. */
  readonly entities: readonly ShownEntity[];
}

/** One place the keyboard can stand on. */
export interface Stop {
  readonly kind: "span" | "box";
  readonly entity: string;
  /** The box to focus, for `kind: "box"`. */
  readonly box: string | null;
}

export interface TypeCount {
  readonly type: string;
  readonly count: number;
  readonly hidden: boolean;
}

export interface View {
  readonly entities: readonly ShownEntity[];
  /** Large before small, so that the small ones are drawn, and hit, above. */
  readonly boxes: readonly ShownBox[];
  readonly types: readonly TypeCount[];
  /** Answers to own questions, whether or not they found a name. */
  readonly answers: readonly QueryResult[];
}

export interface ViewOptions {
  /** Least score; entities of unknown score are shown. */
  readonly threshold?: number | null;
  /** The only types that exist for the reader; empty or absent means all. */
  readonly types?: readonly string[] | null;
  /** Types the reader has switched off: counted, not drawn. */
  readonly hidden?: ReadonlySet<string>;
  /** False when no photo is shown, so that no box can be. */
  readonly photo?: boolean;
}

export const emptyView: View = { entities: [], boxes: [], types: [], answers: [] };

const usual = ["PER", "LOC", "ORG", "OTHER"];
/** Below it a place is drawn broken. */
const likely = 0.5;

/** The usual four in their order, then own types as they come. */
export function orderTypes(types: Iterable<string>): string[] {
  const all = [...new Set(types)];
  return [...usual.filter((type) => all.includes(type)), ...all.filter((type) => !usual.includes(type))];
}

export function area([x0, y0, x1, y1]: Box): number {
  return (x1 - x0) * (y1 - y0);
}

/** Cut to the photo; `null` when nothing of it lies inside. */
function clip([x0, y0, x1, y1]: Box, width: number, height: number): Box | null {
  const cut: Box = [Math.max(0, x0), Math.max(0, y0), Math.min(width, x1), Math.min(height, y1)];
  return cut[2] > cut[0] && cut[3] > cut[1] ? cut : null;
}

/** Results that have boxes but no photo size are measured against the photo the page shows. */
export function withSize(result: AnalysisResult | null, size: AnalysisResult["image"]): AnalysisResult | null {
  if (!result || result.image || !size || !result.entities.some(({ region }) => region)) return result;
  return { ...result, image: size };
}

function withIds(entities: readonly Entity[]): { entity: Entity; index: number; id: string }[] {
  const seen = new Map<string, number>();
  return entities.map((entity, index) => {
    const id = `${entity.start}-${entity.end}-${entity.type}`;
    const times = (seen.get(id) ?? 0) + 1;
    seen.set(id, times);
    return { entity, index, id: times === 1 ? id : `${id}-${times}` };
  });
}

/** Where a name may be: its place, and the next likely one where the two cannot be told apart. */
export function placesOf({ region, alternatives, ambiguous }: Entity): readonly Region[] {
  if (!region) return [];
  return ambiguous && alternatives?.[0] ? [region, alternatives[0]] : [region];
}

export const isAmbiguous = (entity: Entity): boolean => placesOf(entity).length > 1;

interface Collected {
  readonly box: Box;
  readonly type: string;
  score: number;
  unsure: boolean;
  readonly entities: ShownEntity[];
}

/** The places of a photo, by where they are. */
class Places {
  readonly found = new Map<string, Collected>();
  readonly #image: AnalysisResult["image"];

  constructor(image: AnalysisResult["image"]) {
    this.#image = image;
  }

  /** The id of the place, new or known; `null` when it lies outside the photo. */
  add({ box, score }: Region, type: string, unsure: boolean): string | null {
    const cut = this.#image && clip(box, this.#image.width, this.#image.height);
    if (!cut) return null;
    const id = cut.map((side) => side.toFixed(1)).join();
    const known = this.found.get(id);
    if (!known) this.found.set(id, { box: cut, type, score, unsure, entities: [] });
    else {
      if (!(known.score > score)) known.score = score;
      known.unsure &&= unsure;
    }
    return id;
  }
}

export function buildView(result: AnalysisResult | null, options: ViewOptions = {}): View {
  if (!result) return emptyView;
  const { threshold, types, hidden, photo = true } = options;
  const only = types?.length ? new Set(types) : null;
  const isWanted = (type: string): boolean => (!only || only.has(type)) && !hidden?.has(type);
  const existing = withIds(result.entities).filter(
    ({ entity }) => !(entity.score < (threshold ?? 0)) && (!only || only.has(entity.type)),
  );
  const places = new Places(photo ? result.image : null);
  const entities = existing
    .filter(({ entity }) => isWanted(entity.type))
    .sort((a, b) => a.entity.start - b.entity.start || b.entity.end - a.entity.end)
    .map(({ entity, index, id }): ShownEntity => {
      const regions = placesOf(entity);
      const boxIds = regions
        .map((region) => places.add(region, entity.type, regions.length > 1 || region.score < likely))
        .filter((box) => box !== null);
      const shown = { ...entity, index, id, boxIds: [...new Set(boxIds)] };
      for (const box of shown.boxIds) places.found.get(box)!.entities.push(shown);
      return shown;
    });
  const answers = result.queries.filter(({ type }) => !usual.includes(type) && isWanted(type));
  // What an own question sees is an answer, also where the text has no name for it.
  for (const { type, region } of answers) {
    if (region && !entities.some((entity) => entity.type === type)) places.add(region, type, region.score < likely);
  }
  return {
    entities,
    boxes: [...places.found].map(([id, place]) => ({ id, ...place })).sort((a, b) => area(b.box) - area(a.box)),
    types: orderTypes(existing.map(({ entity }) => entity.type)).map((type) => ({
      type,
      count: existing.filter(({ entity }) => entity.type === type).length,
      hidden: hidden?.has(type) ?? false,
    })),
    answers,
  };
}
