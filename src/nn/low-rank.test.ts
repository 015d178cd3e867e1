// A matrix with a low-rank delta is the matrix with the product already added: in a folder as it is loaded, in a network's answer,
// and with an error where the two halves do not fit.
import { readFileSync } from "node:fs";
import { setBackend } from "@tensorflow/tfjs-core";
import { beforeAll, describe, expect, it } from "vitest";
import { FIXTURES, readSafetensors } from "../../test/support/golden.js";
import { goldenSequences, relativeError } from "../../test/support/parity.js";
import { openCpu } from "../engine/backends/cpu.js";
import { openWasm } from "../engine/backends/wasm.js";
import { nodeWasmFiles } from "../engine/backends/wasm-files-node.js";
import { openWeights, parseManifest, UNCALIBRATED, writeModel } from "../model/index.js";
import { type BertCrfOutput, bertCrf, readConfig } from "../systems/bert-crf/system.js";
import { buildNetwork } from "../systems/network.js";
import type { NamedWeight, WeightSource } from "./readers.js";

const folder = `${FIXTURES}golden-tiny-bert-crf/`;
const json = JSON.parse(readFileSync(`${folder}config.json`, "utf8"));
const config = readConfig(json, UNCALIBRATED);
const plain = readSafetensors(`${folder}model.safetensors`) as Map<string, NamedWeight>;
const rows = goldenSequences(readSafetensors(`${folder}golden.safetensors`));
const RANK = 2;
const SLOW_MS = 60_000;
/** One that stands alone, and one of three that become one layer. */
const CHANGED = [...plain.keys()]
  .filter((name) => /^text_encoder\.layers\.0\..*weight$/.test(name) && plain.get(name)!.shape.length === 2)
  .map((name) => name.replace(/\.weight$/, ""));

/** Numbers that a float16 holds exactly, so that a folder gives them back as they were. */
const numbers = (length: number, seed: number): Float32Array =>
  Float32Array.from({ length }, (_, at) => (((at * 37 + seed * 11) % 17) - 8) / 64);

const exact = (values: Float32Array): Float32Array => values.map((value) => Math.round(value * 64) / 64);

const base = new Map([...plain].map(([name, { shape, values }]) => [name, { shape, values: exact(values) }]));
const withDeltas = new Map<string, NamedWeight>(base);
const merged = new Map<string, NamedWeight>(base);
for (const [index, name] of CHANGED.entries()) {
  const { shape, values } = base.get(`${name}.weight`)!;
  const [outputs, inputs] = shape as [number, number];
  const [down, up] = [numbers(RANK * inputs, index), numbers(outputs * RANK, index + 1)];
  withDeltas.set(`${name}.low_rank.down`, { shape: [RANK, inputs], values: down });
  withDeltas.set(`${name}.low_rank.up`, { shape: [outputs, RANK], values: up });
  const added = values.map((value, at) => {
    const [output, input] = [Math.floor(at / inputs), at % inputs];
    return value + up[output * RANK]! * down[input]! + up[output * RANK + 1]! * down[inputs + input]!;
  });
  merged.set(`${name}.weight`, { shape, values: added });
}

const sourceOf = (weights: ReadonlyMap<string, NamedWeight>): WeightSource => ({
  has: (name) => weights.has(name),
  read: (name) => weights.get(name)!,
});

async function answer(source: WeightSource): Promise<Float32Array> {
  const network = await buildNetwork(bertCrf, config, source);
  const { emissions } = (await network.run(rows, null)) as BertCrfOutput;
  network.dispose();
  return emissions;
}

beforeAll(async () => {
  await openCpu();
  await openWasm({ wasm: nodeWasmFiles() });
}, SLOW_MS);

describe("a low-rank delta", { timeout: SLOW_MS }, () => {
  it("is there to be tried in more than one layer", () => expect(CHANGED.length).toBeGreaterThan(3));

  it.each(["cpu", "wasm"])(
    "gives on %s what the merged weights give, and something else than none",
    async (backend) => {
      await setBackend(backend);
      const found = await answer(sourceOf(withDeltas));
      expect(relativeError(found, await answer(sourceOf(merged)))).toBeLessThan(1e-5);
      expect(relativeError(found, await answer(sourceOf(base)))).toBeGreaterThan(1e-2);
    },
  );

  it("comes out of a model folder as it went in", async () => {
    await setBackend("cpu");
    const files = new Map<string, Uint8Array>();
    const description = { system: "bert-crf", name: "tiny", version: "1.0.0", licence: "MIT", created: "2025-01-31" };
    await writeModel({
      description: { ...description, config: json, queries: json.queries, calibration: UNCALIBRATED, selfTest: null },
      tensors: [...withDeltas].map(([name, { shape, values }]) => ({ name, shape, values })),
      tokenizerFiles: [{ path: "vocab.txt", bytes: new TextEncoder().encode("[PAD]\n") }],
      bits: 16,
      writeFile: (path, bytes) => void files.set(path, bytes),
    });
    const manifest = parseManifest(files.get("manifest.json")!);
    const shards = manifest.shards.map(({ path }) => files.get(path)!);
    const found = await answer(openWeights(manifest.shards, shards, manifest.tensors));
    expect(relativeError(found, await answer(sourceOf(merged)))).toBeLessThan(1e-5);
  });

  const [first] = CHANGED;
  const [outputs, inputs] = plain.get(`${first}.weight`)!.shape as [number, number];
  it.each([
    ["down too narrow", "down", [RANK, inputs - 1]],
    ["down without a rank", "down", [inputs]],
    ["up for another number of outputs", "up", [outputs + 1, RANK]],
    ["up of another rank", "up", [outputs, RANK + 1]],
  ] as const)("says which weight does not fit: %s", async (_, half, shape) => {
    const weights = new Map(withDeltas);
    const length = shape.reduce<number>((size, side) => size * side, 1);
    weights.set(`${first}.low_rank.${half}`, { shape, values: new Float32Array(length) });
    const error = await answer(sourceOf(weights)).catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ code: "model-mismatch" });
    expect((error as Error).message).toMatch(
      /low_rank\.(?:down|up)" is \[[\d, ]+\], but its config asks for \[[\d, ]+\]/,
    );
  });

  it.each(["down", "up"])("is no delta without its other half (%s alone)", async (half) => {
    const weights = new Map(withDeltas);
    weights.delete(`${first}.low_rank.${half === "down" ? "up" : "down"}`);
    const missing = half === "down" ? "up" : "down";
    await expect(answer(sourceOf(weights))).rejects.toMatchObject({
      code: "model-mismatch",
      message: expect.stringContaining(`no weight named "${first}.low_rank.${missing}"`),
    });
  });
});
