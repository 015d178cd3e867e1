// Lays text and photo out as one picture, as a list of plain shapes that an SVG writer and a canvas painter both understand.
// Always on white with the light inks: it is made for papers and slides.

import type { Size } from "../layout.js";
import { inks } from "../palette.js";
import { placeLabels } from "../place-labels.js";
import type { Segmentation } from "../segment-text.js";
import type { Localizer } from "../strings/localize.js";
import { boxNames } from "../templates/photo.js";
import { dashes, styleOf } from "../type-style.js";
import { area, type ShownBox, type View } from "../view.js";
import type { MeasuredText } from "./measure-text.js";

export type Shape =
  | { readonly kind: "photo"; readonly x: number; readonly y: number; readonly width: number; readonly height: number }
  | {
      readonly kind: "rect";
      readonly x: number;
      readonly y: number;
      readonly width: number;
      readonly height: number;
      readonly fill?: string;
      readonly opacity?: number;
      readonly stroke?: string;
      readonly strokeWidth?: number;
      readonly dash?: string;
    }
  | {
      readonly kind: "text";
      readonly x: number;
      readonly y: number;
      readonly text: string;
      readonly size: number;
      readonly weight: number;
      readonly fill: string;
      readonly direction: "ltr" | "rtl";
    }
  | {
      readonly kind: "line";
      readonly x: number;
      readonly y: number;
      readonly width: number;
      readonly stroke: string;
      readonly strokeWidth: number;
      readonly dash: string;
    }
  | {
      readonly kind: "path";
      readonly x: number;
      readonly y: number;
      readonly scale: number;
      readonly path: string;
      readonly fill: string;
    };

export interface Picture {
  readonly width: number;
  readonly height: number;
  readonly shapes: readonly Shape[];
}

export interface PictureInput {
  readonly view: View;
  readonly segmentation: Segmentation;
  readonly localizer: Localizer;
  readonly photo: Size | null;
  readonly text: MeasuredText;
  /** Width of a string at a size and weight. */
  readonly measure: (text: string, size: number, weight: number) => number;
}

export const pictureWidth = 960;
export const margin = 32;
export const textSize = 22;
export const lineHeight = 44;
const small = 15;
const dark = "#1b1d22";
const muted = "#5a5f6a";
const white = "#ffffff";

function inkFor(type: string): string {
  return inks[styleOf(type).color.slice("var(--_".length, -1)]?.light ?? dark;
}

function cut(text: string, width: number, measure: (text: string) => number): string {
  if (measure(text) <= width) return text;
  const letters = [...text];
  while (letters.length > 1 && measure(`${letters.join("")}…`) > width) letters.pop();
  return `${letters.join("")}…`;
}

function textShapes({ view, segmentation, text }: PictureInput, top: number): Shape[] {
  const marks = segmentation.spans.flatMap((span): Shape[] => {
    const style = styleOf(view.entities[span.index]!.type);
    const ink = inkFor(view.entities[span.index]!.type);
    const depth = span.lanes - 1 - span.lane;
    return (text.spans[span.index] ?? []).flatMap((rect): Shape[] => {
      const x = margin + rect.x;
      const y = top + rect.y + rect.height + 2 + depth * 6;
      const wash: Shape = {
        kind: "rect",
        x,
        y: top + rect.y,
        width: rect.width,
        height: rect.height,
        fill: ink,
        opacity: 0.1,
      };
      const line = (at: number, strokeWidth: number): Shape => ({
        kind: "line",
        x,
        y: at,
        width: rect.width,
        stroke: ink,
        strokeWidth,
        dash: dashes(style.pattern),
      });
      return style.pattern === "double" ? [wash, line(y - 1.5, 1.2), line(y + 1.5, 1.2)] : [wash, line(y, 2.2)];
    });
  });
  const width = pictureWidth - 2 * margin;
  const lines = text.lines.map(
    (line): Shape => ({
      kind: "text",
      x: margin + (text.direction === "rtl" ? width : 0),
      y: top + line.baseline,
      text: line.text,
      size: textSize,
      weight: 400,
      fill: dark,
      direction: text.direction,
    }),
  );
  return [...marks, ...lines];
}

function legend({ view, localizer, measure }: PictureInput, y: number): Shape[] {
  let x = margin;
  return view.types
    .filter(({ hidden }) => !hidden)
    .flatMap(({ type }): Shape[] => {
      const text = localizer.typeName(type);
      const at = x;
      x += 18 + measure(text, small, 400) + 22;
      return [
        { kind: "path", x: at, y: y - 11, scale: 1.2, path: styleOf(type).shape, fill: inkFor(type) },
        { kind: "text", x: at + 18, y, text, size: small, weight: 400, fill: muted, direction: "ltr" },
      ];
    });
}

function boxShapes(box: ShownBox, scale: number, top: number): Shape[] {
  const [x0, y0, x1, y1] = box.box.map((side) => side * scale) as [number, number, number, number];
  const style = styleOf(box.type);
  const ink = inkFor(box.type);
  const twice = style.pattern === "double";
  const stroke = (color: string, strokeWidth: number, dash = "none"): Shape => ({
    kind: "rect",
    x: margin + x0,
    y: top + y0,
    width: x1 - x0,
    height: y1 - y0,
    stroke: color,
    strokeWidth,
    dash,
  });
  // Broken all through where it is less likely than not, or one of two.
  const broken = box.unsure ? "12 8" : "none";
  return [
    stroke("#000000", 6, broken),
    twice ? stroke(ink, 5, broken) : stroke(white, 4.4, broken),
    twice ? stroke(white, 1.6, broken) : stroke(ink, 2.8, box.unsure ? broken : dashes(style.pattern)),
  ];
}

function labelShapes({ view, localizer, measure }: PictureInput, scale: number, photo: Size, top: number): Shape[] {
  const boxes = [...view.boxes].sort((a, b) => area(a.box) - area(b.box));
  const texts = boxes.map((box) =>
    cut([boxNames({ localizer }, box), localizer.percent(box.score)].filter(Boolean).join(" "), 300, (text) =>
      measure(text, small, 600),
    ),
  );
  const places = placeLabels(
    boxes.map(({ box: [x0, y0, x1, y1] }, index) => ({
      box: { x: x0 * scale, y: y0 * scale, width: (x1 - x0) * scale, height: (y1 - y0) * scale },
      width: measure(texts[index]!, small, 600) + 34,
      height: 26,
    })),
    photo,
  );
  return boxes.flatMap((box, index): Shape[] => {
    const place = places[index]!;
    if (!place.free) return [];
    const text = texts[index]!;
    const x = margin + place.x;
    const y = top + place.y;
    const width = measure(text, small, 600) + 34;
    return [
      { kind: "rect", x, y, width, height: 26, fill: inkFor(box.type), stroke: white, strokeWidth: 1 },
      { kind: "path", x: x + 9, y: y + 8, scale: 1, path: styleOf(box.type).shape, fill: white },
      { kind: "text", x: x + 25, y: y + 18, text, size: small, weight: 600, fill: white, direction: "ltr" },
    ];
  });
}

export function layPicture(input: PictureInput): Picture {
  const top = margin - 8;
  const shapes: Shape[] = [];
  let y = top + input.text.height + 12;
  if (input.view.types.length) {
    shapes.push(...legend(input, y + 16));
    y += 34;
  }
  if (input.photo) {
    const width = pictureWidth - 2 * margin;
    const scale = width / input.photo.width;
    const photo = { width, height: input.photo.height * scale };
    shapes.push({ kind: "photo", x: margin, y, ...photo });
    for (const box of input.view.boxes) shapes.push(...boxShapes(box, scale, y));
    shapes.push(...labelShapes(input, scale, photo, y));
    y += photo.height;
  }
  const height = Math.ceil(y + margin);
  const page: Shape = { kind: "rect", x: 0, y: 0, width: pictureWidth, height, fill: white };
  return { width: pictureWidth, height, shapes: [page, ...textShapes(input, top), ...shapes] };
}
