// NanoDet-plus-m as an image encoder: ShuffleNetV2, a ghost pyramid and the towers of its heads. V_k is what a head sees just
// before it predicts, and beside it what it predicts: the probabilities of its 80 classes and one box per cell.
import {
  add,
  concat,
  log,
  matMul,
  maxPool,
  reshape,
  sigmoid,
  slice,
  softmax,
  type Tensor,
  type Tensor2D,
  type Tensor3D,
  type Tensor4D,
  transpose,
} from "@tensorflow/tfjs-core";
import { convolve } from "../nn/operations.js";
import type { Parameters } from "../nn/parameters.js";
import type { ImageEncoder } from "./image-encoder.js";

/** Classes that the detector knows, those of COCO. */
export const DETECTOR_CLASSES = 80;
/** Centre and size of a cell's box, the last channels of V_k; the classes stand before them. */
export const DETECTOR_BOX = 4;
const BINS = 8;
const SIDES = 4;
const LEAST_SIZE = 1e-3;
/** Units per stage, the first of each halves the map. */
const BLOCKS = [4, 8, 4];
const STRIDES = [64, 32, 16, 8];

type Module = (x: Tensor4D) => Tensor4D;
type Activation = "leakyrelu" | "linear";

const side = (...maps: Tensor4D[]): Tensor4D => concat(maps, 3);

const channels = (x: Tensor4D, from: number, count: number): Tensor4D => {
  const [batch, height, width] = x.shape;
  return slice(x, [0, 0, 0, from], [batch, height, width, count]);
};

function conv(
  p: Parameters,
  name: string,
  inputs: number,
  outputs: number,
  activation: Activation = "leakyrelu",
): Module {
  const layer = p.convolution(`${name}.conv`, inputs, outputs);
  return (x) => convolve(x, layer, 1, activation);
}

interface SeparableOptions {
  readonly kernel?: number;
  readonly stride?: number;
  readonly inner?: Activation;
  readonly outer?: Activation;
}

/** Depthwise, then pointwise; `inner` and `outer` follow the one and the other. */
function separable(
  p: Parameters,
  name: string,
  inputs: number,
  outputs: number,
  options: SeparableOptions = {},
): Module {
  const { kernel = 5, stride = 1, inner = "leakyrelu", outer = "leakyrelu" } = options;
  const depthwise = p.convolution(`${name}.depthwise.conv`, inputs, inputs, { kernel, groups: inputs });
  const pointwise = conv(p, `${name}.pointwise`, inputs, outputs, outer);
  return (x) => pointwise(convolve(x, depthwise, stride, inner));
}

/** The channels of the two halves in turn. */
function shuffle(x: Tensor4D): Tensor4D {
  const [batch, height, width, count] = x.shape;
  const halves: Tensor3D = reshape(x, [batch * height * width, 2, count / 2]);
  return reshape(transpose(halves, [0, 2, 1]), x.shape);
}

/** Half of the channels pass, half go through; where the map is halved both halves are convolved. */
function unit(p: Parameters, name: string, inputs: number, outputs: number, stride: 1 | 2): Module {
  const half = outputs / 2;
  const around =
    stride === 2 ? separable(p, `${name}.around`, inputs, half, { kernel: 3, stride, inner: "linear" }) : null;
  const expand = conv(p, `${name}.expand`, stride === 2 ? inputs : half, half);
  const through = separable(p, `${name}.through`, half, half, { kernel: 3, stride, inner: "linear" });
  return (x) => {
    const passed = around === null ? channels(x, 0, half) : around(x);
    const taken = around === null ? channels(x, half, half) : x;
    return shuffle(side(passed, through(expand(taken))));
  };
}

/** Half of the maps by a 1×1, the other half cheaply from those. */
function ghost(p: Parameters, name: string, inputs: number, outputs: number, activation: Activation): Module {
  const half = outputs / 2;
  const first = conv(p, `${name}.first`, inputs, half, activation);
  const cheap = p.convolution(`${name}.cheap.conv`, half, half, { kernel: 3, groups: half });
  return (x) => {
    const own = first(x);
    return side(own, convolve(own, cheap, 1, activation));
  };
}

function ghostBlock(p: Parameters, name: string, inputs: number, outputs: number): Module {
  const first = ghost(p, `${name}.first`, inputs, outputs, "leakyrelu");
  const second = ghost(p, `${name}.second`, outputs, outputs, "linear");
  const shortcut = separable(p, `${name}.shortcut`, inputs, outputs, { inner: "linear", outer: "linear" });
  return (x) => add(second(first(x)), shortcut(x));
}

/** Twice as many cells each way, between the old ones' middles: a product with a small matrix down, and one across. */
function growth(p: Parameters, grid: number): Module {
  const matrix = p.later(() => ({ rows: p.tensor<Tensor3D>(betweenCells(grid), [1, 2 * grid, grid]) }));
  return (x) => {
    const count = x.shape[3];
    const down = matMul(matrix.rows, reshape(x, [1, grid, grid * count]) as Tensor3D); //           [1, 2g, g·c]
    const across = matMul(matrix.rows, reshape(down, [2 * grid, grid, count]) as Tensor3D); //      [2g, 2g, c]
    return reshape(across, [1, 2 * grid, 2 * grid, count]);
  };
}

/** [2g, g]: three quarters of the nearer cell and a quarter of the next; at the edge there is only one. */
function betweenCells(grid: number): Float32Array {
  const weights = new Float32Array(2 * grid * grid);
  for (let to = 0; to < 2 * grid; to++) {
    const near = to >> 1;
    const next = Math.min(grid - 1, Math.max(0, to % 2 === 0 ? near - 1 : near + 1));
    weights[to * grid + near]! += 0.75;
    weights[to * grid + next]! += 0.25;
  }
  return weights;
}

/** A tower, and what it predicts: [features ; class probabilities ; box]. */
function head(p: Parameters, name: string, width: number): Module {
  const tower = [0, 1].map((layer) => separable(p, `${name}.tower.${layer}`, width, width));
  const predict = p.convolution(`${name}.predict`, width, DETECTOR_CLASSES + SIDES * BINS);
  const reading = p.later(() => ({
    weight: p.tensor<Tensor2D>(boxFromBins(), [SIDES * BINS, DETECTOR_BOX]),
    bias: p.tensor(Float32Array.of(-0.5, -0.5, LEAST_SIZE, LEAST_SIZE), [1, DETECTOR_BOX]),
  }));
  const box = (bins: Tensor4D): Tensor4D => {
    const [batch, height, width] = bins.shape;
    const cells = batch * height * width;
    const chances = reshape(softmax(reshape(bins, [cells * SIDES, BINS])), [cells, SIDES * BINS]) as Tensor2D;
    const read = add(matMul(chances, reading.weight), reading.bias) as Tensor2D; //                  [cells, 4]
    const size: Tensor = log(slice(read, [0, 2], [cells, 2]));
    return reshape(concat([slice(read, [0, 0], [cells, 2]), size as Tensor2D], 1), [
      batch,
      height,
      width,
      DETECTOR_BOX,
    ]);
  };
  return (x) => {
    const seen = tower.reduce((y, layer) => layer(y), x);
    const said = convolve(seen, predict);
    return side(
      seen,
      sigmoid(channels(said, 0, DETECTOR_CLASSES)),
      box(channels(said, DETECTOR_CLASSES, SIDES * BINS)),
    );
  };
}

/** From the chances of each side's distances (left, top, right, bottom) to the box's centre and size, all in strides. */
function boxFromBins(): Float32Array {
  const weights = new Float32Array(SIDES * BINS * DETECTOR_BOX);
  for (let from = 0; from < SIDES; from++) {
    const axis = from % 2;
    for (let bin = 0; bin < BINS; bin++) {
      const row = (from * BINS + bin) * DETECTOR_BOX;
      weights[row + axis] = (from < 2 ? -0.5 : 0.5) * bin;
      weights[row + 2 + axis] = bin;
    }
  }
  return weights;
}

/** Widths of the pyramid, the stem and the stages; all follow from the channels of V_k. */
function widths(ofMaps: number) {
  const pyramid = ofMaps - DETECTOR_CLASSES - DETECTOR_BOX;
  const stage = 4 * Math.floor((pyramid * 29) / 96 + 0.5);
  return { pyramid, stem: Math.floor(pyramid / 4), stages: [stage, 2 * stage, 4 * stage] };
}

export const nanodet: ImageEncoder = {
  refuse({ channels: maps, strides, size }) {
    if (strides.join() !== STRIDES.join())
      return `has strides ${strides.join(", ")}, but they must be ${STRIDES.join(", ")}`;
    if (size % STRIDES[0]! !== 0) return `has size ${size}, which does not divide by ${STRIDES[0]}`;
    const { pyramid } = widths(maps[0]!);
    if (pyramid >= 4 && pyramid % 4 === 0 && maps.every((count) => count === maps[0])) return null;
    return `has channels ${maps.join(", ")}, which are no widths of nanodet-plus`;
  },

  declare(p, { channels: maps, size }, root) {
    const { pyramid: w, stem: first, stages: outputs } = widths(maps[0]!);
    const name = (part: string): string => `${root}.${part}`;
    const stem = p.convolution(name("stem.conv"), 3, first, { kernel: 3 });
    const stages = outputs.map((width, stage) =>
      Array.from({ length: BLOCKS[stage]! }, (_, index) => {
        const inputs = index > 0 ? width : (outputs[stage - 1] ?? first);
        return unit(p, name(`stages.${stage}.${index}`), inputs, width, index === 0 ? 2 : 1);
      }),
    );
    const laterals = outputs.map((width, stage) => conv(p, name(`laterals.${stage}`), width, w));
    const block = (part: string): Module => ghostBlock(p, name(part), 2 * w, w);
    const halve = (part: string): Module => separable(p, name(part), w, w, { stride: 2 });
    const [grow5, grow4] = [growth(p, size / 32), growth(p, size / 16)];
    const [down4, down3] = [block("down4"), block("down3")];
    const [climb4, up4] = [halve("climb4"), block("up4")];
    const [climb5, up5] = [halve("climb5"), block("up5")];
    const [climb6, side6] = [halve("climb6"), halve("side6")];
    const heads = STRIDES.map((_, level) => head(p, name(`heads.${level}`), w)); // finest first

    return async (pixels, scope) => {
      let x = await scope.slice(() => maxPool(convolve(pixels, stem, 2, "leakyrelu"), 3, 2, 1, "floor"), pixels); // [1, S/4, S/4, stem]
      const taps: Tensor4D[] = [];
      for (const [index, units] of stages.entries()) {
        for (const run of units) {
          const before = x;
          x = await scope.slice(() => run(before), before); //                        [1, S/8·2^-i, …, stage]
        }
        const last = x;
        const spent = index === stages.length - 1 ? [last] : [];
        taps.push(await scope.slice(() => laterals[index]!(last), ...spent)); //      [1, …, w]
      }
      const [c3, c4, c5] = taps as [Tensor4D, Tensor4D, Tensor4D];
      const p4 = await scope.slice(() => down4(side(grow5(c5), c4)), c4); //          [1, S/16, S/16, w]
      const p3 = await scope.slice(() => down3(side(grow4(p4), c3)), c3); //          [1, S/8, S/8, w]
      const n4 = await scope.slice(() => up4(side(climb4(p3), p4)), p4);
      const n5 = await scope.slice(() => up5(side(climb5(n4), c5))); //               [1, S/32, S/32, w]
      const n6 = await scope.slice(() => add(climb6(c5), side6(n5)), c5); //          [1, S/64, S/64, w]
      const levels = [p3, n4, n5, n6];
      const seen: Tensor4D[] = [];
      for (const [level, map] of levels.entries())
        seen.unshift(await scope.slice(() => heads[level]!(map as Tensor4D), map));
      return seen; //                                                                 V_k, coarsest first
    };
  },
};
