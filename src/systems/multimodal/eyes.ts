// From the maps of the image encoder to visual tokens: cells of a grid, the detector's best regions, and the photo as a whole.
// The encoder is a detector that gives its answers in its maps. Plain numbers: they cost little and are kept per photo.
import type { Tensor4D } from "@tensorflow/tfjs-core";
import { type Box, intersectionOverUnion } from "../../core/geometry.js";
import { declareImageEncoder, gridSizes } from "../../encoders/index.js";
import { DETECTOR_BOX, DETECTOR_CLASSES } from "../../encoders/nanodet.js";
import { cells } from "../../nn/operations.js";
import type { Parameters } from "../../nn/parameters.js";
import { apply, declareLayer, type Layer } from "../../nn/plain.js";
import type { TensorScope } from "../../nn/tensor-scope.js";
import { GRID_STRIDE, type MultimodalConfig } from "./config.js";

/** Corners and middle, width and height. */
export const GEOMETRY = 8;
const PERSON = 0;
/** Of two detections: above it they are one. */
const OVERLAP = 0.6;
/** Detections that are compared with one another. */
const LOOKED_AT = 200;
const MOST_LOG_SIZE = 6;
const LEAST_CHANCE = 1e-4;

export interface VisualTokens {
  /** Cells across the grid, as many down. */
  readonly grid: number;
  /** Cells × (visual + geometry), row by row. */
  readonly cells: Float32Array;
  /** Regions × (visual + geometry), the likeliest first. */
  readonly regions: Float32Array;
  /** Of each region: is it a person's? */
  readonly person: readonly boolean[];
  /** Of each region, in pixels of the network's square. */
  readonly boxes: readonly Box[];
  /** The mean of the grid's cells. */
  readonly whole: Float32Array;
}

export function declareEyes(p: Parameters, { image, visual }: MultimodalConfig) {
  return {
    image: declareImageEncoder(p, image),
    align: image.channels.map((channels, k) => declareLayer(p, p.matrix(`eyes.align.${k}`, channels, visual))),
  };
}

export async function lookAtPhoto(
  eyes: ReturnType<typeof declareEyes>,
  config: MultimodalConfig,
  pixels: Tensor4D,
  scope: TensorScope,
): Promise<VisualTokens> {
  const maps = await eyes.image(pixels, scope); //                                         V_k [1, g, g, c_k]
  for (const [k, v] of maps.entries()) scope.watch(`image_encoder.${k}`, v);
  const rows = await scope.slice(
    () => Object.fromEntries(maps.map((v, k) => [String(k), cells(v)])), //                [g², c_k]
    maps,
  );
  const read = await scope.read(rows);
  return tokensOf(
    eyes.align,
    config,
    maps.map((_, k) => read[k]!),
  );
}

/** One cell of one map, as a candidate. */
interface Candidate {
  readonly level: number;
  readonly row: Float32Array;
  readonly chance: number;
  readonly box: Box;
}

export function tokensOf(
  align: readonly Layer[],
  { image, visual, regions: most }: MultimodalConfig,
  maps: readonly Float32Array[],
): VisualTokens {
  const { size, strides, channels } = image;
  const grids = gridSizes(image);
  const rowOf = (level: number, cell: number): Float32Array =>
    maps[level]!.subarray(cell * channels[level]!, (cell + 1) * channels[level]!);
  const token = (level: number, row: Float32Array): Float32Array => apply(align[level]!, described(row));

  const level = strides.indexOf(GRID_STRIDE);
  const grid = grids[level]!;
  const width = visual + GEOMETRY;
  const ofCells = new Float32Array(grid * grid * width);
  const whole = new Float32Array(visual);
  for (let cell = 0; cell < grid * grid; cell++) {
    const seen = token(level, rowOf(level, cell));
    const [x, y] = [(cell % grid) * GRID_STRIDE, Math.floor(cell / grid) * GRID_STRIDE];
    ofCells.set(seen, cell * width);
    ofCells.set(geometryOf([x, y, x + GRID_STRIDE, y + GRID_STRIDE], size), cell * width + visual);
    for (let at = 0; at < visual; at++) whole[at]! += seen[at]! / (grid * grid);
  }

  const candidates = grids.flatMap((count, at) =>
    Array.from({ length: count * count }, (_, cell): Candidate => {
      const row = rowOf(at, cell);
      const chance = Math.max(...classesOf(row));
      return { level: at, row, chance, box: boxOf(row, cell % count, Math.floor(cell / count), strides[at]!) };
    }),
  );
  const kept = bestApart(candidates, most);
  const boxes = kept.map(({ box }) => box.map((edge) => Math.min(Math.max(edge, 0), size)) as unknown as Box);
  const regions = new Float32Array(kept.length * width);
  for (const [at, one] of kept.entries()) {
    regions.set(token(one.level, one.row), at * width);
    regions.set(geometryOf(boxes[at]!, size), at * width + visual);
  }
  const person = kept.map(({ row, chance }) => classesOf(row)[PERSON] === chance);
  return { grid, cells: ofCells, regions, person, boxes, whole };
}

const classesOf = (row: Float32Array): Float32Array =>
  row.subarray(row.length - DETECTOR_CLASSES - DETECTOR_BOX, row.length - DETECTOR_BOX);

/** What a cell is described by: its row, with chances as quarters of their log odds. */
function described(row: Float32Array): Float32Array {
  const from = row.length - DETECTOR_CLASSES - DETECTOR_BOX;
  return row.map((value, at) => {
    if (at < from || at >= from + DETECTOR_CLASSES) return value;
    const chance = Math.min(Math.max(value, LEAST_CHANCE), 1 - LEAST_CHANCE);
    return (Math.log(chance) - Math.log(1 - chance)) / 4;
  });
}

/** The detector's box of a cell, in pixels of the square. */
function boxOf(row: Float32Array, column: number, line: number, stride: number): Box {
  const [dx, dy, width, height] = row.subarray(row.length - DETECTOR_BOX) as unknown as [
    number,
    number,
    number,
    number,
  ];
  const half = (logarithm: number): number =>
    (Math.exp(Math.min(Math.max(logarithm, -MOST_LOG_SIZE), MOST_LOG_SIZE)) * stride) / 2;
  const [x, y] = [(column + 0.5 + dx) * stride, (line + 0.5 + dy) * stride];
  return [x - half(width), y - half(height), x + half(width), y + half(height)];
}

/** The likeliest of any class that do not overlap much. */
function bestApart(candidates: readonly Candidate[], most: number): Candidate[] {
  const kept: Candidate[] = [];
  for (const one of [...candidates].sort((a, b) => b.chance - a.chance).slice(0, LOOKED_AT)) {
    if (kept.length === most) break;
    if (kept.every(({ box }) => intersectionOverUnion(box, one.box) < OVERLAP)) kept.push(one);
  }
  return kept;
}

/** Corners and middle in [-1, 1], width and height in [0, 1]. */
function geometryOf([x0, y0, x1, y1]: Box, size: number): number[] {
  const place = [x0, y0, x1, y1, (x0 + x1) / 2, (y0 + y1) / 2].map((edge) => (edge * 2) / size - 1);
  return [...place, (x1 - x0) / size, (y1 - y0) / size];
}

/** The photo as a whole, as a region. */
export function wholeRegion({ whole }: VisualTokens): Float32Array {
  const region = new Float32Array(whole.length + GEOMETRY);
  region.set(whole);
  region.set([-1, -1, 1, 1, 0, 0, 1, 1], whole.length);
  return region;
}
