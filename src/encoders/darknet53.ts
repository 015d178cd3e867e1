// The paper-sized image encoder: Darknet-53 and YOLOv3's pyramid up to the tap before each detector.
// Gives V_1..V_3, coarsest first.
import { add, concat, type Tensor4D } from "@tensorflow/tfjs-core";
import { convolve, grow } from "../nn/operations.js";
import type { Parameters } from "../nn/parameters.js";
import { type ImageEncoder, refuseOtherThan } from "./image-encoder.js";

/** A module: map in, map out. */
type Module = (x: Tensor4D) => Tensor4D;

/** Residual blocks per stage. */
const BLOCKS = [1, 2, 8, 8, 4] as const;

/** Convolution, batch norm, leaky ReLU: the unit of Darknet. */
function conv(p: Parameters, name: string, inputs: number, outputs: number, kernel = 1, stride = 1): Module {
  const layer = p.normedConvolution(name, inputs, outputs, { kernel });
  return (x) => convolve(x, layer, stride, "leakyrelu");
}

function residual(p: Parameters, name: string, width: number): Module {
  const reduce = conv(p, `${name}.reduce`, width, width / 2);
  const expand = conv(p, `${name}.expand`, width / 2, width, 3);
  return (x) => add(x, expand(reduce(x)));
}

/** 1×1 and 3×3 in turn, five of them: one level of the pyramid. */
function fiveConvs(p: Parameters, name: string, inputs: number, width: number): Module {
  const layer = (index: number, from: number, to: number, kernel: number): Module =>
    conv(p, `${name}.layers.${index}`, from, to, kernel);
  const layers = [
    layer(0, inputs, width, 1),
    layer(1, width, 2 * width, 3),
    layer(2, 2 * width, width, 1),
    layer(3, width, 2 * width, 3),
    layer(4, 2 * width, width, 1),
  ];
  return (x) => layers.reduce((y, each) => each(y), x);
}

const side = (one: Tensor4D, other: Tensor4D): Tensor4D => concat([one, other], 3);

export const darknet53: ImageEncoder = {
  refuse: (sizes) => refuseOtherThan(sizes, Math.floor(sizes.channels[2]! / 4), [16, 8, 4]),

  declare(p, { channels }, root) {
    const w = channels[2]! / 4;
    const stem = conv(p, `${root}.stem`, 3, w, 3);
    const stages = BLOCKS.map((count, stage) => {
      const width = w * 2 ** (stage + 1);
      const shrink = conv(p, `${root}.stages.${stage}.0`, width / 2, width, 3, 2);
      const blocks = Array.from({ length: count }, (_, block) =>
        residual(p, `${root}.stages.${stage}.${block + 1}`, width),
      );
      return { shrink, blocks };
    });
    const level1 = fiveConvs(p, `${root}.level1`, 32 * w, 16 * w);
    const lateral1 = conv(p, `${root}.lateral1`, 16 * w, 8 * w);
    const level2 = fiveConvs(p, `${root}.level2`, 24 * w, 8 * w);
    const lateral2 = conv(p, `${root}.lateral2`, 8 * w, 4 * w);
    const level3 = fiveConvs(p, `${root}.level3`, 12 * w, 4 * w);

    return async (pixels, scope) => {
      let x = await scope.slice(() => stem(pixels), pixels); //                                  [1, S, S, w]
      const taps: Tensor4D[] = []; //                                              [1, S/2^k, S/2^k, w·2^k], k = 1..5
      for (const [stage, { shrink, blocks }] of stages.entries()) {
        const below = x;
        x = await scope.slice(() => shrink(below), stage > 2 ? [] : below);
        for (const block of blocks) {
          const before = x;
          x = await scope.slice(() => block(before), before);
        }
        taps.push(x);
      }
      const [, , c3, c4, c5] = taps as [Tensor4D, Tensor4D, Tensor4D, Tensor4D, Tensor4D];
      const v1 = await scope.slice(() => level1(c5), c5); //                                      [1, S/32, S/32, 16w]
      const v2 = await scope.slice(() => level2(side(grow(lateral1(v1)), c4)), c4); //            [1, S/16, S/16, 8w]
      const v3 = await scope.slice(() => level3(side(grow(lateral2(v2)), c3)), c3); //            [1, S/8, S/8, 4w]
      return [v1, v2, v3];
    };
  },
};
