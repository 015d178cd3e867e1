// The small image encoder: a depthwise CSPDarknet with a PAN pyramid that ends in the two towers of the detector it was
// started from, classes and boxes side by side. Gives V_1..V_3, coarsest first.
import { concat, maxPool, type Tensor4D, tidy } from "@tensorflow/tfjs-core";
import { CSP_BLOCKS } from "./expected-tensors.js";
import { convolve, grow } from "./operations.js";
import type { Convolution, WeightLoader } from "./weights.js";

/** Part of an image encoder: maps in, maps out. The parts run one after the other, so that a run can stop in between. */
export type MapStage = (maps: Tensor4D[]) => Tensor4D[];

interface Separable {
  readonly depthwise: Convolution;
  readonly pointwise: Convolution;
}

interface CrossStage {
  readonly through: Convolution;
  readonly around: Convolution;
  readonly blocks: readonly { readonly first: Convolution; readonly second: Separable }[];
  readonly merge: Convolution;
  readonly shortcut: boolean;
}

interface Tower {
  readonly stem: Convolution;
  readonly classes: readonly Separable[];
  readonly boxes: readonly Separable[];
}

const active = (x: Tensor4D | readonly Tensor4D[], layer: Convolution, stride = 1): Tensor4D =>
  convolve(x, layer, stride, "silu");

const separate = (
  x: Tensor4D,
  { depthwise, pointwise }: Separable,
  stride = 1,
  plus: Tensor4D | null = null,
): Tensor4D => convolve(active(x, depthwise, stride), pointwise, 1, "silu", plus);

function crossStage(x: Tensor4D | readonly Tensor4D[], stage: CrossStage): Tensor4D {
  let through = active(x, stage.through);
  const around = active(x, stage.around);
  for (const { first, second } of stage.blocks) {
    through = separate(active(through, first), second, 1, stage.shortcut ? through : null);
  }
  return active([through, around], stage.merge);
}

/** Max pools of 5, 9 and 13: the larger ones are the small one again and again. */
function poolingPyramid(x: Tensor4D, reduce: Convolution, merge: Convolution): Tensor4D {
  const pools = [active(x, reduce)];
  for (let size = 0; size < 3; size++) pools.push(maxPool(pools[size]!, 5, 1, "same"));
  return active(pools, merge);
}

function towers(x: Tensor4D, { stem, classes, boxes }: Tower): Tensor4D {
  const seen = active(x, stem);
  const climb = (layers: readonly Separable[]): Tensor4D => layers.reduce((map, layer) => separate(map, layer), seen);
  return concat([climb(classes), climb(boxes)], 3);
}

/** Loads the encoder and returns its parts in order: pixels [1, S, S, 3] in, V_1..V_3 out. */
export function loadCspDarknet(loader: WeightLoader): MapStage[] {
  const root = "image_encoder";
  const biased = (name: string): Convolution => loader.convolution(`${root}.${name}.conv`);
  const separable = (name: string): Separable => ({
    depthwise: loader.convolution(`${root}.${name}.depthwise.conv`, true),
    pointwise: biased(`${name}.pointwise`),
  });
  const cross = (name: string, blocks: number, shortcut: boolean): CrossStage => ({
    through: biased(`${name}.through`),
    around: biased(`${name}.around`),
    blocks: Array.from({ length: blocks }, (_, index) => ({
      first: biased(`${name}.blocks.${index}.first`),
      second: separable(`${name}.blocks.${index}.second`),
    })),
    merge: biased(`${name}.merge`),
    shortcut,
  });
  const tower = (level: number): Tower => ({
    stem: biased(`towers.${level}.stem`),
    classes: [0, 1].map((layer) => separable(`towers.${level}.classes.${layer}`)),
    boxes: [0, 1].map((layer) => separable(`towers.${level}.boxes.${layer}`)),
  });

  const stem = loader.convolution(`${root}.stem`);
  const shrink = CSP_BLOCKS.map((_, stage) => separable(`stages.${stage}.0`));
  const lastStage = CSP_BLOCKS.length - 1;
  const crosses = CSP_BLOCKS.map((blocks, stage) =>
    cross(`stages.${stage}.${stage === lastStage ? 2 : 1}`, blocks, stage !== lastStage),
  );
  const pool = { reduce: biased(`stages.${lastStage}.1.reduce`), merge: biased(`stages.${lastStage}.1.merge`) };
  const [lateral5, lateral4] = [biased("lateral5"), biased("lateral4")];
  const [down4, down3] = [cross("down4", 1, false), cross("down3", 1, false)];
  const [climb3, climb4] = [separable("climb3"), separable("climb4")];
  const [up4, up5] = [cross("up4", 1, false), cross("up5", 1, false)];
  const [tower3, tower4, tower5] = [tower(0), tower(1), tower(2)];

  const stage = (index: number, x: Tensor4D): Tensor4D => crossStage(separate(x, shrink[index]!, 2), crosses[index]!);
  const stages: MapStage[] = [
    ([pixels]) => [convolve(pixels!, stem, 2, "silu")],
    ([x]) => [stage(0, x!)],
    ([x]) => [stage(1, x!)],
    ([c3]) => [c3!, stage(2, c3!)],
    ([c3, c4]) => {
      const pooled = poolingPyramid(separate(c4!, shrink[lastStage]!, 2), pool.reduce, pool.merge);
      return [c3!, c4!, crossStage(pooled, crosses[lastStage]!)];
    },
    ([c3, c4, c5]) => {
      const p5 = active(c5!, lateral5);
      const p4 = active(crossStage([grow(p5), c4!], down4), lateral4);
      return [p5, p4, crossStage([grow(p4), c3!], down3)];
    },
    ([p5, p4, p3]) => {
      const n4 = crossStage([separate(p3!, climb3, 2), p4!], up4);
      return [crossStage([separate(n4, climb4, 2), p5!], up5), n4, p3!];
    },
    ([n5, n4, p3]) => [towers(n5!, tower5), towers(n4!, tower4), towers(p3!, tower3)],
  ];
  return stages.map((run) => (maps) => tidy(() => run(maps)));
}
