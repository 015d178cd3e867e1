// Memory, tensors and latency over time as a picture: SVG, photographed by the browser.
import type { Browser } from "playwright-core";
import { quantile } from "./flooded.js";

export interface SoakSample {
  readonly seconds: number;
  readonly bytes: number;
  /** Of the engine's worker. */
  readonly tensors: number;
  /** New ones since the sample before. */
  readonly photos: number;
  /** Milliseconds of every request since the sample before. */
  readonly latencies: readonly number[];
}

const [WIDTH, HEIGHT, LEFT, RIGHT] = [880, 190, 64, 24];

interface Line {
  readonly name: string;
  readonly colour: string;
  readonly values: readonly number[];
}

function panel(title: string, unit: string, seconds: readonly number[], lines: readonly Line[], top: number): string {
  const most = Math.max(...lines.flatMap(({ values }) => values)) * 1.15;
  const end = seconds.at(-1)!;
  const x = (at: number): string => (LEFT + (at / end) * (WIDTH - LEFT - RIGHT)).toFixed(1);
  const y = (value: number): string => (top + HEIGHT - 30 - (value / most) * (HEIGHT - 70)).toFixed(1);
  const ticks = [0, 0.5, 1].map((part) => {
    const value = most * part;
    const at = y(value);
    return `<path d="M${LEFT} ${at}H${WIDTH - RIGHT}" stroke="#ddd"/><text x="${LEFT - 8}" y="${Number(at) + 4}" text-anchor="end">${value.toFixed(value < 10 ? 1 : 0)}</text>`;
  });
  const hours = [0, 0.25, 0.5, 0.75, 1].map(
    (part) =>
      `<text x="${x(end * part)}" y="${top + HEIGHT - 10}" text-anchor="middle">${((end * part) / 60).toFixed(1)} min</text>`,
  );
  const drawn = lines.map(({ name, colour, values }, index) => {
    const points = values.map((value, at) => `${x(seconds[at]!)},${y(value)}`).join(" ");
    const legend = `<text x="${WIDTH - RIGHT}" y="${top + 20 + 16 * index}" text-anchor="end" fill="${colour}">${name}</text>`;
    return `<polyline points="${points}" fill="none" stroke="${colour}" stroke-width="2"/>${legend}`;
  });
  return `<text x="${LEFT}" y="${top + 20}" font-weight="bold">${title} (${unit})</text>${[...ticks, ...hours, ...drawn].join("")}`;
}

export async function drawSoak(browser: Browser, samples: readonly SoakSample[]): Promise<Buffer> {
  const seconds = samples.map((sample) => sample.seconds);
  const at = (part: number) => samples.map(({ latencies }) => quantile(latencies, part));
  const memory = [
    { name: "page, worker, WebAssembly", colour: "#1a5fb4", values: samples.map((s) => s.bytes / 2 ** 20) },
  ];
  const latency = [
    { name: "95th percentile", colour: "#a51d2d", values: at(0.95) },
    { name: "median", colour: "#26734d", values: at(0.5) },
  ];
  const tensors = [{ name: "engine's worker", colour: "#5e3a87", values: samples.map((s) => s.tensors) }];
  const height = 3 * HEIGHT + 30;
  const panels =
    panel("Memory", "MiB", seconds, memory, 0) +
    panel("Tensors", "count", seconds, tensors, HEIGHT + 10) +
    panel("A request", "ms", seconds, latency, 2 * (HEIGHT + 10));
  const page = await browser.newPage({ viewport: { width: WIDTH, height: height } });
  await page.setContent(
    `<body style="margin:0;background:#fff"><svg xmlns="http://www.w3.org/2000/svg" width="${WIDTH}" height="${height}" font-family="sans-serif" font-size="12" fill="#222">${panels}</svg>`,
  );
  const picture = await page.screenshot({ type: "png" });
  await page.close();
  return picture;
}
