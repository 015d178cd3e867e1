// What most pages never ask for: exports other than JSON, and photos that are given as objects. One file of its own, fetched
// when it is needed.
import type { AnalysisResult } from "../core/results.js";
import { type CocoData, toCoco } from "./exports/coco.js";
import { toConll } from "./exports/conll.js";
import { exportable, type SourceTag, sourceOf } from "./exports/source.js";
import { toWebAnnotation, type WebAnnotationCollection } from "./exports/web-annotation.js";

export { drawPng, drawSvg } from "./exports/picture.js";
export { readPixels } from "./photo-pixels.js";

export const toConllOf = (result: AnalysisResult | null): string => toConll(exportable(result));

export const toCocoOf = (result: AnalysisResult | null, tag: SourceTag): CocoData =>
  toCoco(exportable(result), sourceOf(tag));

export const toWebAnnotationOf = (result: AnalysisResult | null, tag: SourceTag): WebAnnotationCollection =>
  toWebAnnotation(exportable(result), sourceOf(tag));
