// How a type looks: a colour, a shape, a line pattern. Three signs, so that none of them has to be seen for the type to be
// told. Own queries' types get theirs by a hash of the label: the same label looks the same on every page.
import { html, type TemplateResult } from "lit";
import { setStyle } from "./set-style.js";

export type Pattern = "solid" | "dashed" | "double" | "dotted" | "dash-dot";

export interface TypeStyle {
  /** CSS colour, by way of a custom property that follows the colour scheme. */
  readonly color: string;
  /** Path on a 10 × 10 field. */
  readonly shape: string;
  readonly pattern: Pattern;
  /** Suffix of the CSS part: `span-per`, `box-own`. */
  readonly part: string;
}

const circle = "M5 .8a4.2 4.2 0 1 0 0 8.4A4.2 4.2 0 0 0 5 .8z";
const triangle = "M5 .9 9.5 9.1H.5z";
const square = "M1.2 1.2h7.6v7.6H1.2z";
const diamond = "M5 .2 9.8 5 5 9.8.2 5z";
const ownShapes = [
  "M2.6.9h4.8L9.8 5 7.4 9.1H2.6L.2 5z", // hexagon
  "M3.4.8h3.2v2.6h2.6v3.2H6.6v2.6H3.4V6.6H.8V3.4h2.6z", // cross
  "M.5.9h9L5 9.1z", // triangle, point down
];
const ownPatterns: readonly Pattern[] = ["dash-dot", "dashed", "dotted"];
const ownColors = 6;

const known: Readonly<Record<string, TypeStyle>> = {
  PER: { color: "var(--_per)", shape: circle, pattern: "solid", part: "per" },
  LOC: { color: "var(--_loc)", shape: triangle, pattern: "dashed", part: "loc" },
  ORG: { color: "var(--_org)", shape: square, pattern: "double", part: "org" },
  OTHER: { color: "var(--_other)", shape: diamond, pattern: "dotted", part: "other" },
};

/** FNV-1a over UTF-16 units. */
function hash(text: string): number {
  let value = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) value = Math.imul(value ^ text.charCodeAt(i), 0x01000193) >>> 0;
  return value;
}

export function styleOf(type: string): TypeStyle {
  const look = Object.hasOwn(known, type) ? known[type] : undefined;
  if (look) return look;
  const seed = hash(type);
  return {
    color: `var(--_own-${(seed % ownColors) + 1})`,
    shape: ownShapes[(seed >>> 8) % ownShapes.length]!,
    pattern: ownPatterns[(seed >>> 16) % ownPatterns.length]!,
    part: "own",
  };
}

/** One underline as a CSS background image, `laneHeight` pixels high. */
export function underlineImage({ color, pattern }: TypeStyle): string {
  switch (pattern) {
    case "solid":
      return `linear-gradient(${color} 0 2px,transparent 2px)`;
    case "double":
      return `linear-gradient(${color} 0 1px,transparent 1px 3px,${color} 3px 4px)`;
    case "dashed":
      return `repeating-linear-gradient(90deg,${color} 0 7px,transparent 7px 10px)`;
    case "dotted":
      return `repeating-linear-gradient(90deg,${color} 0 2px,transparent 2px 4px)`;
    case "dash-dot":
      return `repeating-linear-gradient(90deg,${color} 0 8px,transparent 8px 10px,${color} 10px 12px,transparent 12px 14px)`;
  }
}

/** The same pattern as an SVG `stroke-dasharray`. */
export function dashes(pattern: Pattern): string {
  return { solid: "none", double: "none", dashed: "9 5", dotted: "2.5 3.5", "dash-dot": "10 4 2.5 4" }[pattern];
}

/** Height of the underline image on the page, in pixels. */
export const underlineHeight = (pattern: Pattern): number => (pattern === "double" ? 4 : 2);

/** The small shape that stands for a type. */
export function glyph(type: string): TemplateResult {
  const style = styleOf(type);
  return html`<svg class="glyph" viewBox="0 0 10 10" aria-hidden="true" ${setStyle({ "--c": style.color })}><path d=${style.shape}></path></svg>`;
}
