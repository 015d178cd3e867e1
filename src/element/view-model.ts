// What there is to draw, worked out from a result without any DOM: which entities are shown, which boxes they share, how
// many there are of each type.
import type { AnalysisResult, Box, Entity } from "../core/results.js";

export interface ShownEntity extends Entity {
  /** Place in the result's own list. */
  readonly index: number;
  /** Stable across filters and repeated runs over the same text: `0-14-PER`. */
  readonly id: string;
  readonly boxId: string | null;
}

/** A place in the photo; names that the network found in the same place share it. */
export interface ShownBox {
  readonly id: string;
  readonly type: string;
  readonly box: Box;
  readonly score: number;
  readonly entities: readonly ShownEntity[];
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

export const emptyView: View = { entities: [], boxes: [], types: [] };

const usual = ["PER", "LOC", "ORG", "OTHER"];

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

export function buildView(result: AnalysisResult | null, options: ViewOptions = {}): View {
  if (!result) return emptyView;
  const { threshold, types, hidden, photo = true } = options;
  const image = photo ? result.image : null;
  const only = types?.length ? new Set(types) : null;
  const existing = withIds(result.entities).filter(
    ({ entity }) => !(entity.score < (threshold ?? 0)) && (!only || only.has(entity.type)),
  );
  const shown = existing
    .filter(({ entity }) => !hidden?.has(entity.type))
    .sort((a, b) => a.entity.start - b.entity.start || b.entity.end - a.entity.end)
    .map(({ entity, index, id }): ShownEntity => {
      const box = entity.region && image ? clip(entity.region.box, image.width, image.height) : null;
      return {
        ...entity,
        index,
        id,
        boxId: box ? `${entity.type}:${box.map((side) => side.toFixed(1)).join()}` : null,
      };
    });

  const boxes = new Map<string, { first: ShownEntity; entities: ShownEntity[] }>();
  for (const entity of shown) {
    if (!entity.boxId) continue;
    const held = boxes.get(entity.boxId);
    if (held) held.entities.push(entity);
    else boxes.set(entity.boxId, { first: entity, entities: [entity] });
  }
  return {
    entities: shown,
    boxes: [...boxes]
      .map(([id, { first, entities }]) => ({
        id,
        type: first.type,
        box: clip(first.region!.box, image!.width, image!.height)!,
        score: first.region!.score,
        entities,
      }))
      .sort((a, b) => area(b.box) - area(a.box)),
    types: orderTypes(existing.map(({ entity }) => entity.type)).map((type) => ({
      type,
      count: existing.filter(({ entity }) => entity.type === type).length,
      hidden: hidden?.has(type) ?? false,
    })),
  };
}
