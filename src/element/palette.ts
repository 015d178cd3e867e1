// The type colours, as data: a test holds them to their promises (contrast in both schemes, told apart with every common
// colour-vision deficiency), and the style sheet is written from them.

export interface Ink {
  /** On light pages, and always on photos. */
  readonly light: string;
  readonly dark: string;
}

export const inks: Readonly<Record<string, Ink>> = {
  per: { light: "#a13a0a", dark: "#f0953f" },
  loc: { light: "#016763", dark: "#6fe39a" },
  org: { light: "#2d6fde", dark: "#86a9fb" },
  other: { light: "#6f36a3", dark: "#efc3fa" },
  "own-1": { light: "#805600", dark: "#e6b94a" },
  "own-2": { light: "#176b2c", dark: "#8be08f" },
  "own-3": { light: "#00628f", dark: "#74c9f5" },
  "own-4": { light: "#a3265c", dark: "#ff9fc0" },
  "own-5": { light: "#56600a", dark: "#c8d257" },
  "own-6": { light: "#555b68", dark: "#bcc3cf" },
};

/** Text on a surface of an ink. */
export const onInk: Ink = { light: "#ffffff", dark: "#14161a" };

/**
 * One declaration per ink: the page's own custom property first, else the ink of the scheme in force. Where `light-dark()`
 * is unknown the light ink stands: it is dark enough for white pages and bright enough for dark ones.
 */
function inkDeclarations(scheme: boolean): string {
  return [...Object.entries(inks), ["on-ink", onInk] as const]
    .map(([name, { light, dark }]) => {
      const value = scheme ? `light-dark(${light},${dark})` : light;
      return `--_${name}:var(--mner-qg-${name},${value});`;
    })
    .join("");
}

/** The inks as a style sheet of their own. */
export const inkSheet = `:host{${inkDeclarations(false)}}@supports (color:light-dark(red,red)){:host{${inkDeclarations(true)}}}`;

/** Where the reader has chosen the colours, patterns and shapes alone tell the types apart. */
export const forcedInks = [...Object.keys(inks).map((name) => `--_${name}:CanvasText;`), "--_on-ink:Canvas;"].join("");
