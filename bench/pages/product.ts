// In Chromium: the built package as a page uses it. Everything counts, from the call to the result: tokenising, reading and
// scaling the photo, the way to the worker and back.
import type { AnalysisResult, Analyzer, AnalyzerOptions } from "../../src/engine/create-analyzer.js";

const PACKAGE = "/dist/index.js";
let analyzer: Analyzer;
let jpeg: Blob;
let photos = 0;

export async function start(options: AnalyzerOptions, photo: string): Promise<string> {
  const { createAnalyzer } = (await import(/* @vite-ignore */ PACKAGE)) as {
    createAnalyzer(options: AnalyzerOptions): Promise<Analyzer>;
  };
  analyzer = await createAnalyzer(options);
  jpeg = await (await fetch(photo)).blob();
  return analyzer.backend;
}

/** The same picture as a file that was never seen before: readers ignore what stands behind its end. */
export const newPhoto = (from: Blob = jpeg): Blob => new Blob([from, Uint32Array.of(++photos)], { type: from.type });

let latest: Blob | null = null;

/** "none", a photo not seen before, or the one of the last run. */
export async function run(text: string, photo: "none" | "new" | "same"): Promise<number> {
  if (photo === "new") latest = newPhoto();
  const image = photo === "none" ? null : latest;
  const begun = performance.now();
  await analyzer.analyze({ text, image });
  return performance.now() - begun;
}

/** All asked for at once, each with a photo of its own; until the last one has come. */
export async function batch(texts: readonly string[]): Promise<number> {
  const requests = texts.map((text) => ({ text, image: newPhoto() }));
  const begun = performance.now();
  await Promise.all(requests.map((request) => analyzer.analyze(request)));
  return performance.now() - begun;
}

export async function timings(text: string): Promise<AnalysisResult["timings"]> {
  return (await analyzer.analyze({ text, image: newPhoto() })).timings;
}

const big = new Map<string, Blob>();

/** A JPEG of so many pixels with something to see on it. */
async function jpegOf(width: number, height: number): Promise<Blob> {
  const key = `${width}x${height}`;
  const known = big.get(key);
  if (known) return known;
  const canvas = new OffscreenCanvas(width, height);
  const picture = await createImageBitmap(jpeg);
  canvas.getContext("2d")!.drawImage(picture, 0, 0, width, height);
  const made = await canvas.convertToBlob({ type: "image/jpeg", quality: 0.9 });
  big.set(key, made);
  return made;
}

export async function photoOf(text: string, width: number, height: number): Promise<number> {
  const image = newPhoto(await jpegOf(width, height));
  const begun = performance.now();
  await analyzer.analyze({ text, image });
  return performance.now() - begun;
}
