// COCO detection format: the photo, its boxes and their types, each box once, with all the names that belong to it.
import type { AnalysisResult, Box } from "../../core/results.js";
import { orderTypes, placesOf } from "../view.js";
import { type ExportSource, fileName, safeAddress } from "./source.js";

export interface CocoAnnotation {
  readonly id: number;
  readonly image_id: number;
  readonly category_id: number;
  /** Left, top, width, height. */
  readonly bbox: readonly [x: number, y: number, width: number, height: number];
  readonly area: number;
  readonly iscrowd: 0;
  /** The box as a polygon: tools that make masks want one. */
  readonly segmentation: readonly (readonly number[])[];
  readonly score: number | null;
  readonly attributes: { readonly names: readonly CocoName[] };
}

export interface CocoName {
  readonly text: string;
  readonly start: number;
  readonly end: number;
  /** Whether the name may just as well be in another box. */
  readonly ambiguous?: true;
}

export interface CocoData {
  readonly info: { readonly description: string };
  readonly images: readonly {
    readonly id: number;
    readonly file_name: string;
    readonly width: number;
    readonly height: number;
    readonly coco_url?: string;
  }[];
  readonly annotations: readonly CocoAnnotation[];
  readonly categories: readonly { readonly id: number; readonly name: string; readonly supercategory: string }[];
}

interface Place {
  readonly type: string;
  readonly box: Box;
  score: number;
  readonly names: CocoName[];
}

/** Each box of a type once, cut to the photo. */
function placesIn({ entities, image }: AnalysisResult): Place[] {
  const places = new Map<string, Place>();
  for (const entity of image ? entities : []) {
    const { text, start, end, type } = entity;
    const regions = placesOf(entity);
    for (const { box, score } of regions) {
      const [x0, y0, x1, y1] = box;
      const cut: Box = [Math.max(0, x0), Math.max(0, y0), Math.min(image!.width, x1), Math.min(image!.height, y1)];
      if (cut[2] <= cut[0] || cut[3] <= cut[1]) continue;
      const key = `${type} ${cut.join()}`;
      const place = places.get(key) ?? { type, box: cut, score, names: [] };
      if (!(place.score > score)) place.score = score;
      place.names.push({ text, start, end, ...(regions.length > 1 ? { ambiguous: true as const } : {}) });
      places.set(key, place);
    }
  }
  return [...places.values()];
}

export function toCoco(result: AnalysisResult, source: ExportSource = {}): CocoData {
  const types = orderTypes([...result.queries, ...result.entities].map(({ type }) => type));
  const address = safeAddress(source.photo);
  return {
    info: { description: result.text },
    images: result.image
      ? [{ id: 1, file_name: fileName(source.photo), ...result.image, ...(address ? { coco_url: address } : {}) }]
      : [],
    annotations: placesIn(result).map(({ type, box: [x0, y0, x1, y1], score, names }, index) => ({
      id: index + 1,
      image_id: 1,
      category_id: types.indexOf(type) + 1,
      bbox: [x0, y0, x1 - x0, y1 - y0],
      area: (x1 - x0) * (y1 - y0),
      iscrowd: 0,
      segmentation: [[x0, y0, x1, y0, x1, y1, x0, y1]],
      score: Number.isFinite(score) ? score : null,
      attributes: { names },
    })),
    categories: types.map((name, index) => ({ id: index + 1, name, supercategory: "entity" })),
  };
}
