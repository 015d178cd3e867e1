// In Chromium: our network by itself on an open backend, without worker, queue or photo decoding, so that it can be held
// against another engine that runs the same network, and looked into stage by stage.
import { matMul, type Tensor2D, tensor, tidy } from "@tensorflow/tfjs-core";
import * as fused from "@tensorflow/tfjs-core/dist/ops/fused_ops.js";
import type { BackendName } from "../../src/core/results.js";
import type { TokenRows } from "../../src/encoders/bert.js";
import { openBackend } from "../../src/engine/backends/open-backend.js";
import { browserWasmFiles } from "../../src/engine/backends/wasm-files-browser.js";
import { workerAddress } from "../../src/engine/worker-engine.js";
import { loadModel } from "../../src/model/index.js";
import { FUSED, hasFused, PANEL, runFused } from "../../src/nn/fused.js";
import { openSystem } from "../../src/systems/index.js";
import type { OneWay } from "../../src/systems/mner-qg/config.js";
import type { MnerQgOutput } from "../../src/systems/mner-qg/output.js";
import { buildNetwork, type ImageFeatures, type Network } from "../../src/systems/network.js";
import { createTokenizer, prepareText } from "../../src/text/index.js";
import { pixelsFor, sequencesFor } from "./inputs.js";
import { type KernelRecord, recordKernels } from "./kernel-recorder.js";

let network: Network;
let backendName: BackendName;
let features: ImageFeatures | null = null;
let prepare: (text: string) => { rows: number; length: number; pieces: number };

/** `oneWay`: the same weights, read so or not; times do not depend on what they have learnt. */
export async function open(name: BackendName, model: string, oneWay?: OneWay | null): Promise<string> {
  const { manifest, weights, tokenizerFiles } = await loadModel(new URL(model, location.href).href);
  // One thread per core where the page may have them, as the other engine gets.
  const threads = globalThis.crossOriginIsolated ? Math.min(4, navigator.hardwareConcurrency) : 1;
  const wasm = { ...browserWasmFiles(workerAddress), threads: () => threads };
  const backend = await openBackend(name, { wasm, allowSoftware: true });
  const opened = await openSystem(manifest);
  const { system } = opened;
  const config = { ...opened.config, ...(oneWay === undefined ? {} : { oneWay }) };
  network = await buildNetwork(system, config, weights);
  backendName = name;
  const decoder = new TextDecoder();
  const tokenizer = createTokenizer(
    Object.fromEntries([...tokenizerFiles].map(([path, bytes]) => [path, decoder.decode(bytes)])) as never,
  );
  prepare = (text) => {
    // As the engine has it on wasm: padded to the longest of the rows and no further.
    const prepared = prepareText(tokenizer, text);
    const request = { tokenizer, prepared, queries: manifest.queries, multipleOf: 1 };
    const { rows, length } = system.inputs(request, config);
    return { rows, length, pieces: prepared.pieces.length };
  };
  return backend.detail;
}

/** The network's input for a text: sequences, pieces of each with padding, and pieces of the text alone. */
export const shapeOf = (text: string): { rows: number; length: number; pieces: number } => prepare(text);

async function timed(work: () => Promise<unknown>): Promise<number> {
  const begun = performance.now();
  await work();
  return performance.now() - begun;
}

/** The photo trunk, once; its features stay for `run`. */
export const encodeImage = (): Promise<number> =>
  timed(async () => {
    features?.dispose();
    features = null;
    features = await network.encodeImage(pixelsFor(network.config.image!.size));
  });

let texts = 0;

/** A text that was never seen before, and the photo of `encodeImage`. */
export const run = (rows: number, length: number, withPhoto: boolean): Promise<number> => {
  const sequences = sequencesFor(rows, length, ++texts);
  return timed(() => network.run(sequences, withPhoto ? features : null));
};

/** What the network says of the shared input, for holding against another engine. */
export async function answers(rows: number, length: number): Promise<Record<string, number[]>> {
  const output = (await network.run(sequencesFor(rows, length), features)) as MnerQgOutput;
  const { start, end, existence, none } = output;
  return Object.fromEntries(Object.entries({ start, end, existence, none: none! }).map(([k, v]) => [k, [...v]]));
}

let dispatches = 0;
let counting = false;

/** How often the GPU was called upon since the last time this was asked; the first answer is 0. */
export function countDispatches(): number {
  const found = dispatches;
  dispatches = 0;
  if (counting) return found;
  counting = true;
  const { prototype } = GPUComputePassEncoder;
  const dispatch = prototype.dispatchWorkgroups;
  prototype.dispatchWorkgroups = function (...sizes) {
    dispatches++;
    return dispatch.apply(this, sizes);
  };
  return 0;
}

export interface StageReport {
  readonly stage: string;
  readonly ms: number;
  readonly kernels: readonly KernelRecord[];
}

/** Module outputs after which a stage is over. What comes between two of them belongs to the later one. */
const STAGES: Readonly<Record<string, string>> = {
  "image_encoder.0": "photo: trunk",
  text_encoder: "text encoder",
  query_vector: "query vector",
  cross_modality: "text meets photo, grounding",
  existence: "existence",
};

/** One run with a new photo, cut into stages; with `record`, also every kernel (which slows the run a little). */
export async function stages(rows: number, length: number, record: boolean): Promise<StageReport[]> {
  const sequences: TokenRows = sequencesFor(rows, length);
  const pixels = pixelsFor(network.config.image!.size);
  const recorder = record ? recordKernels(backendName) : null;
  const report: StageReport[] = [];
  let begun = performance.now();
  const end = (stage: string): void => {
    report.push({ stage, ms: performance.now() - begun, kernels: recorder?.records.splice(0) ?? [] });
    begun = performance.now();
  };
  const watch = (name: string): void => {
    if (STAGES[name]) end(STAGES[name]);
  };
  try {
    const seen = await network.encodeImage(pixels, { watch });
    end("photo: common width");
    await network.run(sequences, seen, { watch });
    end("heads and read-back");
    seen.dispose();
  } finally {
    recorder?.stop();
  }
  return report;
}

/** Square products of growing size on this backend, as fast as it can do them: the ceiling of everything above. */
export async function ceiling(size: number, runs: number): Promise<Record<string, number[]>> {
  const numbers = (count: number): Float32Array => Float32Array.from({ length: count }, (_, i) => ((i * 7) % 13) - 6);
  const a = tensor(numbers(size * size), [size, size]) as Tensor2D;
  const b = tensor(numbers(size * size), [size, size]) as Tensor2D;
  const contenders: Record<string, () => unknown> = {
    "tfjs matMul": () => tidy(() => void matMul(a, b).dataSync()),
    "tfjs fused.matMul": () => tidy(() => void fused.matMul({ a, b }).dataSync()),
  };
  if (hasFused(FUSED.linear)) {
    const panels = tensor(numbers(size * size), [size / PANEL, size, PANEL]);
    const bias = tensor(numbers(size), [size]);
    contenders["own linear"] = () =>
      tidy(() => {
        const given = { inputs: size, outputs: size, activation: "linear" };
        void runFused(FUSED.linear, { x: a, panels, bias }, given).dataSync();
      });
  }
  const found: Record<string, number[]> = Object.fromEntries(Object.keys(contenders).map((name) => [name, []]));
  for (let run = 0; run <= runs; run++) {
    for (const [name, work] of Object.entries(contenders)) {
      const begun = performance.now();
      work();
      // The first run warms up.
      if (run > 0) found[name]!.push((2 * size ** 3) / (performance.now() - begun) / 1e6);
    }
  }
  return found;
}
