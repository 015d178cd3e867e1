// W3C Web Annotation (https://www.w3.org/TR/annotation-model/): each name tags its place in the text and in the photo.
import type { AnalysisResult, Entity } from "../../core/results.js";
import { type ExportSource, safeAddress } from "./source.js";

export interface TextualBody {
  readonly type: "TextualBody";
  readonly purpose: "tagging" | "assessing";
  readonly value: string;
  readonly format: "text/plain";
}

export type Selector =
  | { readonly type: "TextPositionSelector"; readonly start: number; readonly end: number }
  | { readonly type: "TextQuoteSelector"; readonly exact: string; readonly prefix: string; readonly suffix: string }
  | { readonly type: "FragmentSelector"; readonly conformsTo: string; readonly value: string };

export interface SpecificResource {
  readonly type: "SpecificResource";
  readonly source: string;
  readonly selector: readonly Selector[];
}

export interface WebAnnotation {
  readonly "@context": "http://www.w3.org/ns/anno.jsonld";
  readonly id: string;
  readonly type: "Annotation";
  readonly motivation: "tagging";
  readonly body: readonly TextualBody[];
  readonly target: readonly SpecificResource[];
}

export interface WebAnnotationCollection {
  readonly "@context": "http://www.w3.org/ns/anno.jsonld";
  readonly type: "AnnotationCollection";
  readonly label: string;
  readonly total: number;
  readonly first: { readonly type: "AnnotationPage"; readonly items: readonly WebAnnotation[] };
}

const context = "http://www.w3.org/ns/anno.jsonld";
const around = 32;

function bodies({ type, score }: Entity): TextualBody[] {
  const tag: TextualBody = { type: "TextualBody", purpose: "tagging", value: type, format: "text/plain" };
  if (!Number.isFinite(score)) return [tag];
  return [tag, { type: "TextualBody", purpose: "assessing", value: score.toFixed(4), format: "text/plain" }];
}

function textTarget(text: string, { start, end }: Entity, page: string): SpecificResource {
  // The standard counts code points, we count UTF-16 units.
  const before = [...text.slice(0, start)];
  const exact = [...text.slice(start, end)];
  const after = [...text.slice(end)];
  return {
    type: "SpecificResource",
    source: page,
    selector: [
      { type: "TextPositionSelector", start: before.length, end: before.length + exact.length },
      {
        type: "TextQuoteSelector",
        exact: exact.join(""),
        prefix: before.slice(-around).join(""),
        suffix: after.slice(0, around).join(""),
      },
    ],
  };
}

function photoTarget({ region }: Entity, photo: string): SpecificResource[] {
  if (!region) return [];
  const [x0, y0, x1, y1] = region.box.map((side) => Math.round(Math.max(0, side))) as [number, number, number, number];
  const value = `xywh=pixel:${x0},${y0},${x1 - x0},${y1 - y0}`;
  const conformsTo = "http://www.w3.org/TR/media-frags/";
  return [{ type: "SpecificResource", source: photo, selector: [{ type: "FragmentSelector", conformsTo, value }] }];
}

export function toWebAnnotation(result: AnalysisResult, source: ExportSource = {}): WebAnnotationCollection {
  const page = safeAddress(source.page) ?? "urn:mner-qg:text";
  const photo = safeAddress(source.photo) ?? "urn:mner-qg:photo";
  const items = result.entities.map(
    (entity, index): WebAnnotation => ({
      "@context": context,
      id: `urn:mner-qg:annotation:${index + 1}`,
      type: "Annotation",
      motivation: "tagging",
      body: bodies(entity),
      target: [textTarget(result.text, entity, page), ...photoTarget(entity, photo)],
    }),
  );
  const label = "Names in a text and where its photo shows them";
  const total = items.length;
  return { "@context": context, type: "AnnotationCollection", label, total, first: { type: "AnnotationPage", items } };
}
