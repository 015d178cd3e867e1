// How a photo of any shape sits in the network's square, and the exact way back for boxes.
import type { Box } from "../core/geometry.js";
import { resizeToRgb } from "./resize.js";

/** Where the photo (width × height, upright) lies in a square of `size` pixels. */
export interface Letterbox {
  readonly size: number;
  readonly width: number;
  readonly height: number;
  /** Square pixels per photo pixel, the same both ways: boxes are mapped by it, as they were in training. */
  readonly scale: number;
  /** The photo's size in the square, rounded to whole pixels, halves up. */
  readonly scaledWidth: number;
  readonly scaledHeight: number;
  readonly left: number;
  readonly top: number;
}

/** Boxes are never thinner than this many photo pixels. */
const LEAST_SIDE = 1;

/** Fits a photo into the square, its shape kept, in the middle. */
export function fitLetterbox(width: number, height: number, size: number): Letterbox {
  const scale = Math.min(size / width, size / height);
  const scaledWidth = Math.max(1, Math.floor(width * scale + 0.5));
  const scaledHeight = Math.max(1, Math.floor(height * scale + 0.5));
  return {
    size,
    width,
    height,
    scale,
    scaledWidth,
    scaledHeight,
    left: Math.floor((size - scaledWidth) / 2),
    top: Math.floor((size - scaledHeight) / 2),
  };
}

/** A box of the square in the photo's own pixels; it may reach outside the photo. */
export function toPhotoBox(letterbox: Letterbox, box: Box): Box {
  const { scale, left, top } = letterbox;
  return [(box[0] - left) / scale, (box[1] - top) / scale, (box[2] - left) / scale, (box[3] - top) / scale];
}

/** The part of a box inside the photo; one that is outside or too thin becomes the nearest box one pixel wide. */
export function clipBox(box: Box, width: number, height: number): Box {
  const [x0, x1] = clipSpan(box[0], box[2], width);
  const [y0, y1] = clipSpan(box[1], box[3], height);
  return [x0, y0, x1, y1];
}

function clipSpan(start: number, end: number, limit: number): [number, number] {
  const low = clamp(start, limit);
  const high = clamp(end, limit);
  const least = Math.min(LEAST_SIDE, limit);
  if (high - low >= least) return [low, high];
  const middle = Number.isFinite(low + high) ? (low + high) / 2 : limit / 2;
  const first = Math.min(Math.max(middle - least / 2, 0), limit - least);
  return [first, first + least];
}

function clamp(value: number, limit: number): number {
  return Math.min(Math.max(value, 0), limit);
}

/** How an image encoder takes colours; mean and deviation stand in the order red, green, blue. */
export interface Normalisation {
  readonly mean: readonly number[];
  readonly std: readonly number[];
  readonly colours?: "rgb" | "bgr";
}

/**
 * The network's input for a photo: [size, size, 3], colours normalised per channel, zeros where there is no photo.
 * `pixels` (RGBA) may be smaller than the photo if the browser has already shrunk it.
 */
export function letterboxInput(
  pixels: Uint8Array | Uint8ClampedArray,
  pixelWidth: number,
  pixelHeight: number,
  letterbox: Letterbox,
  { mean, std, colours = "rgb" }: Normalisation,
): Float32Array {
  const { size, scaledWidth, scaledHeight, left, top } = letterbox;
  const rgb = resizeToRgb(pixels, pixelWidth, pixelHeight, scaledWidth, scaledHeight);
  const tables = [0, 1, 2].map((channel) => normalisationTable(mean[channel]!, std[channel]!));
  const [red, green, blue] = tables as [Float32Array, Float32Array, Float32Array];
  const first = colours === "bgr" ? 2 : 0;
  const input = new Float32Array(size * size * 3);
  for (let row = 0, from = 0; row < scaledHeight; row++) {
    let to = ((top + row) * size + left) * 3;
    for (let column = 0; column < scaledWidth; column++) {
      input[to + first] = red[rgb[from++]!]!;
      input[to + 1] = green[rgb[from++]!]!;
      input[to + 2 - first] = blue[rgb[from++]!]!;
      to += 3;
    }
  }
  return input;
}

/** (value / 255 - mean) / std for every byte, each step in single precision as numpy and PyTorch take it. */
function normalisationTable(mean: number, std: number): Float32Array {
  const table = new Float32Array(256);
  for (let value = 0; value < 256; value++) {
    table[value] = Math.fround(Math.fround(value / 255) - Math.fround(mean)) / Math.fround(std);
  }
  return table;
}
