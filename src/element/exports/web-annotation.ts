// W3C Web Annotation (https://www.w3.org/TR/annotation-model/): each name tags its place in the text and in the photo.
import type { AnalysisResult, Entity } from "../../core/results.js";
import { placesOf } from "../view.js";
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
  readonly target: readonly (SpecificResource | Choice)[];
}

/** One of these, but it is not known which. */
export interface Choice {
  readonly type: "Choice";
  readonly items: readonly SpecificResource[];
}

export interface WebAnnotationCollection {
  readonly "@context": "http://www.w3.org/ns/anno.jsonld";
  readonly id: string;
  readonly type: "AnnotationCollection";
  readonly label: string;
  readonly total: number;
  readonly first: {
    readonly id: string;
    readonly type: "AnnotationPage";
    readonly partOf: string;
    readonly startIndex: 0;
    readonly items: readonly WebAnnotation[];
  };
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

function photoTarget(entity: Entity, photo: string): (SpecificResource | Choice)[] {
  const items = placesOf(entity).map(({ box }): SpecificResource => {
    const [x0, y0, x1, y1] = box.map((side) => Math.round(Math.max(0, side))) as [number, number, number, number];
    const value = `xywh=pixel:${x0},${y0},${x1 - x0},${y1 - y0}`;
    const conformsTo = "http://www.w3.org/TR/media-frags/";
    return { type: "SpecificResource", source: photo, selector: [{ type: "FragmentSelector", conformsTo, value }] };
  });
  return items.length > 1 ? [{ type: "Choice", items }] : items;
}

/** 64-bit FNV-1a as hexadecimal digits: the same text on the same page has the same ids, another has others. */
function digest(words: string): string {
  let value = 0xcbf29ce484222325n;
  for (let at = 0; at < words.length; at++) {
    value = ((value ^ BigInt(words.charCodeAt(at))) * 0x100000001b3n) & 0xffffffffffffffffn;
  }
  return value.toString(16).padStart(16, "0");
}

export function toWebAnnotation(result: AnalysisResult, source: ExportSource = {}): WebAnnotationCollection {
  const page = safeAddress(source.page) ?? "urn:mner-qg:text";
  const photo = safeAddress(source.photo) ?? "urn:mner-qg:photo";
  const id = `urn:mner-qg:${digest([page, photo, result.text].join("\n"))}`;
  const items = result.entities.map(
    (entity, index): WebAnnotation => ({
      "@context": context,
      id: `${id}:${index + 1}`,
      type: "Annotation",
      motivation: "tagging",
      body: bodies(entity),
      target: [textTarget(result.text, entity, page), ...photoTarget(entity, photo)],
    }),
  );
  return {
    "@context": context,
    id,
    type: "AnnotationCollection",
    label: "Names in a text and where its photo shows them",
    total: items.length,
    first: { id: `${id}:page`, type: "AnnotationPage", partOf: id, startIndex: 0, items },
  };
}
