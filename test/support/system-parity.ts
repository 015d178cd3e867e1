// Runs any system that looks at photos on golden inputs and measures how far it is from PyTorch. Knows neither files nor Node,
// so that the same code runs in Chromium.
import { memory, type Tensor } from "@tensorflow/tfjs-core";
import { UNCALIBRATED } from "../../src/model/index.js";
import type { WeightSource } from "../../src/nn/readers.js";
import { openSystem } from "../../src/systems/index.js";
import type { MultimodalConfig } from "../../src/systems/multimodal/config.js";
import type { VisualTokens } from "../../src/systems/multimodal/eyes.js";
import { buildNetwork, type Network } from "../../src/systems/network.js";
import type { RowOutput } from "../../src/systems/system.js";
import { goldenSequences, type ParityReport, relativeError } from "./parity.js";
import type { PlainTensor } from "./safetensors.js";

export const PHOTO_SYSTEMS = ["basic-model", "mm-ner-model", "umt", "umgf", "prompt-mner", "mqspn"] as const;
export const FORBIDDEN = -1e4;

export interface SystemGolden {
  readonly config: Parameters<typeof openSystem>[0]["config"];
  readonly weights: ReadonlyMap<string, { readonly shape: readonly number[]; readonly values: Float32Array }>;
  readonly vectors: ReadonlyMap<string, PlainTensor>;
}

export interface SystemRun extends ParityReport {
  readonly config: MultimodalConfig;
  readonly output: RowOutput;
  readonly alone: RowOutput;
  readonly tokens: VisualTokens;
}

export const sourceOf = (weights: SystemGolden["weights"]): WeightSource => ({
  has: (name) => weights.has(name),
  read: (name) => weights.get(name)!,
});

export async function networkOf({ config, weights }: SystemGolden): Promise<Network> {
  const system = config.system as string;
  const opened = await openSystem({ system, config, calibration: UNCALIBRATED });
  return buildNetwork(opened.system, opened.config, sourceOf(weights));
}

export async function measureSystem(golden: SystemGolden): Promise<SystemRun> {
  const { vectors } = golden;
  const before = memory().numTensors;
  const network = await networkOf(golden);
  const seen = new Map<string, Promise<ArrayLike<number>>>();
  const clones: Tensor[] = [];
  const watch = (name: string, tensor: Tensor): void => {
    const clone = tensor.clone();
    clones.push(clone);
    seen.set(name, clone.data() as Promise<Float32Array>);
  };
  const sequences = { ...goldenSequences(vectors), first: Int32Array.from(vectors.get("input.first")!.values) };
  const features = await network.encodeImage(vectors.get("input.pixels")!.values as Float32Array, { watch });
  const output = await network.run(sequences, features, { watch });
  const alone = await network.run(sequences, null);
  const errors: Record<string, number> = {};
  for (const [name, values] of seen) errors[name] = relativeError(await values, vectors.get(name)!.values);
  const photo = features.photo as VisualTokens | { readonly tokens: VisualTokens };
  const tokens = "tokens" in photo ? photo.tokens : photo;
  const padded = Array.from(vectors.get("photo.regions")!.values, (_, at) => tokens.regions[at] ?? 0);
  Object.assign(errors, {
    "photo.cells": relativeError(tokens.cells, vectors.get("photo.cells")!.values),
    "photo.whole": relativeError(tokens.whole, vectors.get("photo.whole")!.values),
    "photo.regions": relativeError(padded, vectors.get("photo.regions")!.values),
    "photo.boxes": relativeError(
      tokens.boxes.flat(),
      vectors.get("photo.boxes")!.values.slice(0, tokens.boxes.length * 4),
    ),
  });
  const compare = (prefix: string, given: RowOutput): void => {
    for (const name of ["emissions", "classes", "start", "end", "region"]) {
      const wanted = vectors.get(`${prefix}.${name}`)?.values;
      const found = given[name];
      if (!wanted || !found) continue;
      const delta = name === "emissions" ? given.delta : null;
      const values = delta ? found.map((value, at) => value + delta[at]!) : found;
      // What may not be pointed at is far below everything, there as here.
      const allowed = Array.from(wanted).map((value) => value > FORBIDDEN / 2);
      const kept = (list: ArrayLike<number>): number[] => Array.from(list).filter((_, at) => allowed[at]);
      errors[`${prefix}.${name}`] = relativeError(kept(values), kept(wanted));
    }
  };
  compare("output", output);
  compare("text_only", alone);
  for (const name of ["gate", "heat", "gates"]) {
    const wanted = vectors.get(`evidence.${name}`)?.values;
    if (wanted && output[name]) errors[`evidence.${name}`] = relativeError(output[name]!, wanted);
  }
  for (const clone of clones) clone.dispose();
  features.dispose();
  network.dispose();
  const config = network.config as MultimodalConfig;
  return { errors, leaked: memory().numTensors - before, config, output, alone, tokens };
}
