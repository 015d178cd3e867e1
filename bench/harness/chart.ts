// A line chart as SVG: doubling steps along, milliseconds up, from zero.
import type { Series } from "./growth.js";

const [WIDTH, HEIGHT] = [640, 360];
const PLOT = { left: 70, right: 20, top: 40, bottom: 55 };
const COLOURS = ["#0b5cad", "#b4451f", "#3a7d1e"];

export interface Chart {
  readonly title: string;
  readonly along: string;
  readonly series: readonly Series[];
}

export function drawChart({ title, along, series }: Chart): string {
  const points = series.flatMap((one) => one.points);
  const xs = [...new Set(points.map(({ x }) => x))].sort((a, b) => a - b);
  const top = niceCeiling(Math.max(...points.map(({ ms }) => ms.upper)));
  const [low, high] = [Math.log2(xs[0]!), Math.log2(xs.at(-1)!)];
  const across = (x: number): number =>
    PLOT.left + ((Math.log2(x) - low) / Math.max(high - low, 1e-9)) * (WIDTH - PLOT.left - PLOT.right);
  const up = (ms: number): number => HEIGHT - PLOT.bottom - (ms / top) * (HEIGHT - PLOT.top - PLOT.bottom);
  const text = (x: number, y: number, what: string, more = ""): string =>
    `<text x="${x}" y="${y}" ${more}>${what}</text>`;
  const parts: string[] = [text(WIDTH / 2, 22, title, 'text-anchor="middle" font-size="15" font-weight="600"')];
  for (let step = 0; step <= 4; step++) {
    const ms = (top * step) / 4;
    parts.push(`<path d="M${PLOT.left} ${up(ms)}H${WIDTH - PLOT.right}" stroke="#ddd"/>`);
    parts.push(text(PLOT.left - 8, up(ms) + 4, `${ms.toLocaleString("en")} ms`, 'text-anchor="end"'));
  }
  for (const x of xs) {
    const label = x.toLocaleString("en", { maximumFractionDigits: x < 10 ? 1 : 0 });
    parts.push(text(across(x), HEIGHT - PLOT.bottom + 18, label, 'text-anchor="middle"'));
  }
  parts.push(text(WIDTH / 2, HEIGHT - 12, along, 'text-anchor="middle"'));
  series.forEach(({ name, points: own }, index) => {
    const colour = COLOURS[index % COLOURS.length]!;
    const path = own.map(({ x, ms }, at) => `${at === 0 ? "M" : "L"}${across(x)} ${up(ms.median)}`).join("");
    parts.push(`<path d="${path}" fill="none" stroke="${colour}" stroke-width="2"/>`);
    for (const { x, ms } of own) {
      parts.push(`<path d="M${across(x)} ${up(ms.lower)}V${up(ms.upper)}" stroke="${colour}"/>`);
      parts.push(`<circle cx="${across(x)}" cy="${up(ms.median)}" r="3.5" fill="${colour}"/>`);
    }
    parts.push(text(PLOT.left + 12, PLOT.top + 16 + 17 * index, `● ${name}`, `fill="${colour}"`));
  });
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${WIDTH}" height="${HEIGHT}" font-family="sans-serif" font-size="12"><rect width="100%" height="100%" fill="#fff"/>${parts.join("")}</svg>`;
}

/** The next of 1, 2, 4, 6, 8 times a power of ten: quarters of it are easy to read. */
export function niceCeiling(value: number): number {
  if (!(value > 0)) return 1;
  const power = 10 ** Math.floor(Math.log10(value));
  return [1, 2, 4, 6, 8, 10].map((factor) => factor * power).find((candidate) => candidate >= value)!;
}
