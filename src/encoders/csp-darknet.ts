// The small image encoder: a depthwise CSPDarknet with a PAN pyramid that ends in the two towers of the detector it was
// started from, classes and boxes side by side. Gives V_1..V_3, coarsest first.
import { concat, maxPool, type Tensor4D } from "@tensorflow/tfjs-core";
import { convolve, grow } from "../nn/operations.js";
import type { Parameters } from "../nn/parameters.js";
import { type ImageEncoder, refuseOtherThan } from "./image-encoder.js";

/** A module: map in, or several side by side, and what is added on the way out; map out. */
type Module = (x: Tensor4D | readonly Tensor4D[], plus?: Tensor4D | null) => Tensor4D;

const side = (...maps: Tensor4D[]): Tensor4D => concat(maps, 3);

const chain =
  (...modules: Module[]): Module =>
  (x, plus = null) =>
    modules.reduce((y, module, at) => module(y, at === modules.length - 1 ? plus : null), x) as Tensor4D;

/** Convolution, then SiLU. */
function conv(p: Parameters, name: string, inputs: number, outputs: number): Module {
  const layer = p.convolution(`${name}.conv`, inputs, outputs);
  return (x, plus = null) => convolve(x, layer, 1, "silu", plus);
}

/** Depthwise 3×3, then pointwise. */
function separable(p: Parameters, name: string, inputs: number, outputs: number, stride = 1): Module {
  const depthwise = p.convolution(`${name}.depthwise.conv`, inputs, inputs, { kernel: 3, groups: inputs });
  const pointwise = conv(p, `${name}.pointwise`, inputs, outputs);
  return (x, plus = null) => pointwise(convolve(x, depthwise, stride, "silu"), plus);
}

/** Half of the channels pass through bottlenecks, half go round them. */
function crossStage(p: Parameters, name: string, inputs: number, outputs: number, count = 1, shortcut = false): Module {
  const half = outputs / 2;
  const through = conv(p, `${name}.through`, inputs, half);
  const around = conv(p, `${name}.around`, inputs, half);
  const blocks = Array.from({ length: count }, (_, index) =>
    chain(
      conv(p, `${name}.blocks.${index}.first`, half, half),
      separable(p, `${name}.blocks.${index}.second`, half, half),
    ),
  );
  const merge = conv(p, `${name}.merge`, outputs, outputs);
  return (x) => {
    const inner = blocks.reduce((y, block) => block(y, shortcut ? y : null), through(x));
    return merge([inner, around(x)]);
  };
}

/** Max pools of 5, 9 and 13: the larger ones are the small one again and again. */
function poolingPyramid(p: Parameters, name: string, width: number): Module {
  const reduce = conv(p, `${name}.reduce`, width, width / 2);
  const merge = conv(p, `${name}.merge`, width * 2, width);
  const pool = (x: Tensor4D): Tensor4D => maxPool(x, 5, 1, "same");
  return (x) => {
    const reduced = reduce(x);
    const five = pool(reduced);
    const nine = pool(five);
    return merge([reduced, five, nine, pool(nine)]);
  };
}

/** What a decoupled detection head sees just before it predicts: class features and box features. */
function towers(p: Parameters, name: string, inputs: number, width: number): Module {
  const stem = conv(p, `${name}.stem`, inputs, width);
  const tower = (kind: string): Module =>
    chain(separable(p, `${name}.${kind}.0`, width, width), separable(p, `${name}.${kind}.1`, width, width));
  const [classes, boxes] = [tower("classes"), tower("boxes")];
  return (x) => {
    const seen = stem(x);
    return side(classes(seen), boxes(seen));
  };
}

export const cspDarknet: ImageEncoder = {
  refuse: (sizes) => refuseOtherThan(sizes, Math.floor(sizes.channels[0]! / 8), [8, 8, 8]),

  declare(p, { channels }, root) {
    const tower = channels[0]! / 2;
    const w = tower / 4;
    const stem = p.convolution(`${root}.stem`, 3, w, { kernel: 6 });
    const name = (part: string): string => `${root}.${part}`;
    const stage = (index: number, count: number): Module => {
      const width = w * 2 ** (index + 1);
      return chain(
        separable(p, name(`stages.${index}.0`), width / 2, width, 2),
        crossStage(p, name(`stages.${index}.1`), width, width, count, true),
      );
    };
    const stages = [stage(0, 1), stage(1, 3), stage(2, 3)];
    const lastStage = chain(
      separable(p, name("stages.3.0"), 8 * w, 16 * w, 2),
      poolingPyramid(p, name("stages.3.1"), 16 * w),
      crossStage(p, name("stages.3.2"), 16 * w, 16 * w),
    );
    const lateral5 = conv(p, name("lateral5"), 16 * w, 8 * w);
    const down4 = crossStage(p, name("down4"), 16 * w, 8 * w);
    const lateral4 = conv(p, name("lateral4"), 8 * w, 4 * w);
    const down3 = crossStage(p, name("down3"), 8 * w, 4 * w);
    const climb3 = separable(p, name("climb3"), 4 * w, 4 * w, 2);
    const up4 = crossStage(p, name("up4"), 8 * w, 8 * w);
    const climb4 = separable(p, name("climb4"), 8 * w, 8 * w, 2);
    const up5 = crossStage(p, name("up5"), 16 * w, 16 * w);
    const tower3 = towers(p, name("towers.0"), 4 * w, tower);
    const tower4 = towers(p, name("towers.1"), 8 * w, tower);
    const tower5 = towers(p, name("towers.2"), 16 * w, tower);

    return async (pixels, scope) => {
      const c1 = await scope.slice(() => convolve(pixels, stem, 2, "silu"), pixels); //       [1, S/2, S/2, w]
      const c2 = await scope.slice(() => stages[0]!(c1), c1); //                              [1, S/4, S/4, 2w]
      const c3 = await scope.slice(() => stages[1]!(c2), c2); //                              [1, S/8, S/8, 4w]
      const c4 = await scope.slice(() => stages[2]!(c3)); //                                  [1, S/16, S/16, 8w]
      const c5 = await scope.slice(() => lastStage(c4)); //                                   [1, S/32, S/32, 16w]
      const [p5, p4, p3] = await scope.slice(() => {
        const p5 = lateral5(c5); //                                                           [1, S/32, S/32, 8w]
        const p4 = lateral4(down4([grow(p5), c4])); //                                    [1, S/16, S/16, 4w]
        return [p5, p4, down3([grow(p4), c3])] as const; //                               [1, S/8, S/8, 4w]
      }, [c3, c4, c5]);
      const [n5, n4] = await scope.slice(() => {
        const n4 = up4([climb3(p3), p4]); //                                              [1, S/16, S/16, 8w]
        return [up5([climb4(n4), p5]), n4] as const; //                                   [1, S/32, S/32, 16w]
      }, [p4, p5]);
      return scope.slice(() => [tower5(n5), tower4(n4), tower3(p3)], [n5, n4, p3]); //        V_k: 8w channels
    };
  },
};
