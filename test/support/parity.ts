// Runs the network on golden inputs and measures, at every module boundary, how far it is from the PyTorch reference.
// Knows neither files nor Node, so that the same code runs in Chromium.
import { memory, type Tensor } from "@tensorflow/tfjs-core";
import type { TokenRows } from "../../src/encoders/bert.js";
import type { WeightSource } from "../../src/nn/readers.js";
import type { MnerQgConfig } from "../../src/systems/mner-qg/config.js";
import type { MnerQgOutput } from "../../src/systems/mner-qg/output.js";
import { mnerQg } from "../../src/systems/mner-qg/system.js";
import { buildNetwork } from "../../src/systems/network.js";
import type { PlainTensor } from "./safetensors.js";

export interface ParityInput {
  readonly config: MnerQgConfig;
  readonly weights: ReadonlyMap<string, { readonly shape: readonly number[]; readonly values: Float32Array }>;
  readonly vectors: ReadonlyMap<string, PlainTensor>;
}

export interface ParityReport {
  /** Largest difference at a boundary over the largest golden value there. */
  readonly errors: Readonly<Record<string, number>>;
  /** Tensors left behind by the runs, with the weights already freed: must be 0. */
  readonly leaked: number;
}

export function relativeError(found: ArrayLike<number>, golden: ArrayLike<number>): number {
  if (found.length !== golden.length) return Number.POSITIVE_INFINITY;
  let [difference, largest] = [0, 0];
  for (let i = 0; i < golden.length; i++) {
    const distance = Math.abs(found[i]! - golden[i]!);
    // A NaN must not slip through a comparison.
    if (!(distance <= difference)) difference = Number.isNaN(distance) ? Number.POSITIVE_INFINITY : distance;
    largest = Math.max(largest, Math.abs(golden[i]!));
  }
  return difference / largest;
}

export function goldenSequences(vectors: ParityInput["vectors"]): TokenRows {
  const [rows, length] = vectors.get("input.ids")!.shape as [number, number];
  const integers = (name: string): Int32Array => Int32Array.from(vectors.get(name)!.values);
  const mask = integers("input.mask");
  const lengths = Int32Array.from({ length: rows }, (_, row) =>
    mask.subarray(row * length, (row + 1) * length).reduce((sum, value) => sum + value, 0),
  );
  return {
    rows,
    length,
    lengths,
    ids: integers("input.ids"),
    segments: integers("input.segments"),
    shapes: integers("input.shapes"),
  };
}

export async function measureParity({ config, weights, vectors }: ParityInput): Promise<ParityReport> {
  const source: WeightSource = { has: (name) => weights.has(name), read: (name) => weights.get(name)! };
  const before = memory().numTensors;
  const network = await buildNetwork(mnerQg, config, source);
  const seen = new Map<string, Promise<ArrayLike<number>>>();
  const clones: Tensor[] = [];
  const watch = (name: string, tensor: Tensor): void => {
    const clone = tensor.clone();
    clones.push(clone);
    seen.set(name, clone.data() as Promise<Float32Array>);
  };
  const sequences = goldenSequences(vectors);
  const pixels = vectors.get("input.pixels")!.values as Float32Array;
  const features = await network.encodeImage(pixels, { watch });
  const output = (await network.run(sequences, features, { watch })) as MnerQgOutput;
  const errors: Record<string, number> = {};
  for (const [name, values] of seen) errors[name] = relativeError(await values, vectors.get(name)!.values);
  const compare = (prefix: string, found: MnerQgOutput, names: readonly (keyof MnerQgOutput)[]): void => {
    for (const name of names) {
      const golden = vectors.get(name === "relevance" ? name : `${prefix}.${name}`)!;
      errors[`${prefix}.${name}`] = relativeError(found[name]!, golden.values);
    }
  };
  compare("output", output, ["start", "end", "existence", "candidates", "none", "relevance"]);
  compare("text_only", (await network.run(sequences, null)) as MnerQgOutput, ["start", "end", "existence"]);
  for (const clone of clones) clone.dispose();
  features.dispose();
  network.dispose();
  return { errors, leaked: memory().numTensors - before };
}
