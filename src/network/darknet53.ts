// The paper-sized image encoder: Darknet-53 and YOLOv3's pyramid up to the tap before each detector.
// Gives V_1..V_3, coarsest first.
import { add, concat, type Tensor4D, tidy } from "@tensorflow/tfjs-core";
import type { MapStage } from "./csp-darknet.js";
import { DARKNET_BLOCKS } from "./expected-tensors.js";
import { convolve, grow } from "./operations.js";
import type { Convolution, WeightLoader } from "./weights.js";

const active = (x: Tensor4D, layer: Convolution, stride = 1): Tensor4D => convolve(x, layer, stride, "leakyrelu");

/** Loads the encoder and returns its parts in order: pixels [1, S, S, 3] in, V_1..V_3 out. Yields where it may pause. */
export function* loadDarknet53(loader: WeightLoader): Generator<void, MapStage[]> {
  const normed = (name: string): Convolution => loader.normedConvolution(`image_encoder.${name}`);
  const stem = normed("stem");
  const stages: { shrink: Convolution; residuals: { reduce: Convolution; expand: Convolution }[] }[] = [];
  for (const [stage, blocks] of DARKNET_BLOCKS.entries()) {
    const residuals: { reduce: Convolution; expand: Convolution }[] = [];
    stages.push({ shrink: normed(`stages.${stage}.0`), residuals });
    for (let block = 1; block <= blocks; block++) {
      yield;
      const name = `stages.${stage}.${block}`;
      residuals.push({ reduce: normed(`${name}.reduce`), expand: normed(`${name}.expand`) });
    }
  }
  const levels: Convolution[][] = [];
  for (const level of [1, 2, 3]) {
    yield;
    levels.push([0, 1, 2, 3, 4].map((layer) => normed(`level${level}.layers.${layer}`)));
  }
  const [lateral1, lateral2] = [normed("lateral1"), normed("lateral2")];

  const through = (x: Tensor4D, layers: readonly Convolution[]): Tensor4D =>
    layers.reduce((y, layer) => active(y, layer), x);
  // Maps that later levels tap are carried in front of the newest one, finest first.
  const parts: MapStage[] = [([pixels]) => [active(pixels!, stem)]];
  stages.forEach(({ shrink, residuals }, stage) => {
    const tapped = stage >= 3;
    parts.push((maps) => {
      const below = maps[maps.length - 1]!;
      return [...(tapped ? maps : []), active(below, shrink, 2)];
    });
    for (const { reduce, expand } of residuals) {
      parts.push((maps) => {
        const x = maps[maps.length - 1]!;
        return [...maps.slice(0, -1), add(x, active(active(x, reduce), expand))];
      });
    }
  });
  parts.push(
    ([c3, c4, c5]) => [c3!, c4!, through(c5!, levels[0]!)],
    ([c3, c4, v1]) => [c3!, v1!, through(concat([grow(active(v1!, lateral1)), c4!], 3), levels[1]!)],
    ([c3, v1, v2]) => [v1!, v2!, through(concat([grow(active(v2!, lateral2)), c3!], 3), levels[2]!)],
  );
  return parts.map((run) => (maps) => tidy(() => run(maps)));
}
