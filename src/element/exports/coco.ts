// COCO detection format: the photo, its boxes and their types, each box with the name it belongs to.
import type { AnalysisResult } from "../../core/results.js";
import { orderTypes } from "../view-model.js";
import { type ExportSource, fileName, safeAddress } from "./source.js";

export interface CocoAnnotation {
  readonly id: number;
  readonly image_id: number;
  readonly category_id: number;
  /** Left, top, width, height. */
  readonly bbox: readonly [x: number, y: number, width: number, height: number];
  readonly area: number;
  readonly iscrowd: 0;
  readonly segmentation: readonly never[];
  readonly score: number | null;
  readonly attributes: { readonly text: string; readonly start: number; readonly end: number };
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

export function toCoco(result: AnalysisResult, source: ExportSource = {}): CocoData {
  const types = orderTypes([...result.queries, ...result.entities].map(({ type }) => type));
  const address = safeAddress(source.photo);
  const seen = result.image ? result.entities.filter(({ region }) => region) : [];
  return {
    info: { description: result.text },
    images: result.image
      ? [{ id: 1, file_name: fileName(source.photo), ...result.image, ...(address ? { coco_url: address } : {}) }]
      : [],
    annotations: seen.map(({ region, type, text, start, end }, index) => {
      const [x0, y0, x1, y1] = region!.box;
      return {
        id: index + 1,
        image_id: 1,
        category_id: types.indexOf(type) + 1,
        bbox: [x0, y0, x1 - x0, y1 - y0],
        area: (x1 - x0) * (y1 - y0),
        iscrowd: 0,
        segmentation: [],
        score: Number.isFinite(region!.score) ? region!.score : null,
        attributes: { text, start, end },
      };
    }),
    categories: types.map((name, index) => ({ id: index + 1, name, supercategory: "entity" })),
  };
}
