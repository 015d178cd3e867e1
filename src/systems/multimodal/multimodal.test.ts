// The systems that look at photos against PyTorch: weights, visual tokens, every boundary, evidence and answers.
import { readFileSync } from "node:fs";
import { memory, setBackend } from "@tensorflow/tfjs-core";
import { beforeAll, describe, expect, it } from "vitest";
import { FIXTURES, readSafetensors } from "../../../test/support/golden.js";
import { goldenSequences, relativeError } from "../../../test/support/parity.js";
import {
  measureSystem,
  PHOTO_SYSTEMS,
  type SystemGolden,
  type SystemRun,
  sourceOf,
} from "../../../test/support/system-parity.js";
import { openCpu } from "../../engine/backends/cpu.js";
import { openWasm } from "../../engine/backends/wasm.js";
import { nodeWasmFiles } from "../../engine/backends/wasm-files-node.js";
import { UNCALIBRATED } from "../../model/index.js";
import { WeightLoader } from "../../nn/readers.js";
import { bertCrf } from "../bert-crf/system.js";
import { openSystem } from "../index.js";
import { readSlots } from "../mqspn/decode.js";
import { buildNetwork, weightShapes } from "../network.js";
import { cluesOf, declareBank } from "../prompt-mner/clues.js";
import { lengthParts, promptMner, spanLogits } from "../prompt-mner/system.js";
import { bestTags, Chances, declareCrf, namesOf } from "../tagging/crf.js";
import { nodesOf } from "../umgf/system.js";

const SLOW_MS = 120_000;
const TAGS = 9;
const TAGGERS = ["basic-model", "mm-ner-model", "umt", "umgf"] as const;

function goldenOf(name: string): SystemGolden {
  const folder = `${FIXTURES}golden-tiny-${name}/`;
  return {
    config: JSON.parse(readFileSync(`${folder}config.json`, "utf8")),
    weights: readSafetensors(`${folder}model.safetensors`) as SystemGolden["weights"],
    vectors: readSafetensors(`${folder}golden.safetensors`),
  };
}

beforeAll(async () => {
  await openCpu();
  await openWasm({ wasm: nodeWasmFiles() });
}, SLOW_MS);

const runs = new Map<string, SystemRun>();

describe.each(PHOTO_SYSTEMS)("%s", { timeout: SLOW_MS }, (name) => {
  const golden = goldenOf(name);

  it("declares the weights that PyTorch saved", async () => {
    const { system, config } = await openSystem({ system: name, config: golden.config, calibration: UNCALIBRATED });
    expect(system.name).toBe(name);
    // The chain over untyped names is for training alone.
    const saved = [...golden.weights].filter(([weight]) => !weight.startsWith("head.untyped_crf."));
    const shapes = Object.fromEntries(saved.map(([weight, { shape }]) => [weight, [...shape]]));
    expect(Object.fromEntries(weightShapes(system, config).shapes)).toEqual(shapes);
  });

  it.each(["cpu", "wasm"])("agrees with PyTorch on %s, and leaves nothing", async (backend) => {
    await setBackend(backend);
    const run = await measureSystem(golden);
    runs.set(name, run);
    expect(Object.keys(run.errors)).toEqual(
      expect.arrayContaining(["text_encoder", "image_encoder.3", "photo.regions"]),
    );
    expect(Object.keys(run.errors).length).toBeGreaterThanOrEqual(name === "prompt-mner" ? 10 : 11);
    for (const [boundary, error] of Object.entries(run.errors)) expect(error, boundary).toBeLessThan(1e-4);
    expect(run.leaked).toBe(0);
  });
});

describe.each(TAGGERS)("%s as a tagger", { timeout: SLOW_MS }, (name) => {
  const golden = goldenOf(name);

  it("is BERT+CRF without a photo, bit for bit", async () => {
    await setBackend("wasm");
    const { config } = await openSystem({ system: name, config: golden.config, calibration: UNCALIBRATED });
    const plain = bertCrf.readConfig(golden.config, UNCALIBRATED);
    const network = await buildNetwork(bertCrf, plain, sourceOf(golden.weights));
    const { emissions } = (await network.run(goldenSequences(golden.vectors), null)) as { emissions: Float32Array };
    network.dispose();
    const { alone, output } = runs.get(name)!;
    expect(config.text).toEqual(plain.text);
    expect([...alone.emissions!]).toEqual([...emissions]);
    expect(alone.delta).toBeUndefined();
    expect([...output.emissions!]).toEqual([...emissions]);
    expect(output.delta!.some((value) => value !== 0)).toBe(true);
  });

  it("finds the names that PyTorch finds with the photo, and as surely", async () => {
    const loader = new WeightLoader(sourceOf(golden.weights));
    const crf = declareCrf(loader, 4);
    await loader.load();
    const { output } = runs.get(name)!;
    const { rows, length } = goldenSequences(golden.vectors);
    const first = golden.vectors.get("input.first")!.values;
    const sums = output.emissions!.map((value, at) => value + output.delta![at]!);
    const names = golden.vectors.get("decode.names")!.values;
    const chances = golden.vectors.get("decode.chances")!.values;
    let at = 0;
    for (let row = 0; row < rows; row++) {
      const places = Array.from({ length }, (_, place) => row * length + place).filter((place) => first[place]);
      const words = Float32Array.from(places.flatMap((place) => [...sums.subarray(place * TAGS, (place + 1) * TAGS)]));
      const of = new Chances(crf, words);
      for (const found of namesOf(bestTags(crf, words))) {
        expect([row, found.first, found.last, found.label]).toEqual([...names.slice(4 * at, 4 * at + 4)]);
        expect(of.of(found)).toBeCloseTo(chances[at]!, 4);
        at++;
      }
    }
    expect(at).toBe(chances.length);
    expect(at).toBeGreaterThan(3);
  });
});

describe("umgf", () => {
  it("asks for the regions that PyTorch asks for", () => {
    const nodes = goldenOf("umgf").vectors.get("evidence.nodes")!.values;
    expect(nodesOf(runs.get("umgf")!.tokens).map((at) => at ?? -1)).toEqual([...nodes.slice(0, 4)]);
  });
});

describe("prompt-mner", () => {
  const golden = goldenOf("prompt-mner");

  it("weighs its prompts, and scores every span, as PyTorch does", async () => {
    await setBackend("wasm");
    const { config, output, alone, tokens } = runs.get("prompt-mner")!;
    const before = memory().numTensors;
    const loader = new WeightLoader(sourceOf(golden.weights));
    const bank = declareBank(loader, config);
    const net = promptMner.declare(loader, config);
    await loader.load();
    const clues = cluesOf(bank, tokens);
    const weights = golden.vectors.get("evidence.weights")!.values;
    expect(relativeError(clues.weights, weights.slice(0, clues.weights.length))).toBeLessThan(1e-4);
    const chosen = golden.vectors.get("evidence.clues")!.values;
    expect(clues.chosen.map(({ prompt }) => prompt)).toEqual([...chosen.slice(0, clues.chosen.length)]);
    const spans = golden.vectors.get("input.spans")!.values;
    const { rows, length } = goldenSequences(golden.vectors);
    const parts = lengthParts(net);
    for (const [key, { ends }] of [
      ["output.spans", output],
      ["text_only.spans", alone],
    ] as const) {
      const size = ends!.length / rows;
      expect(size % length).toBe(0);
      const logits: number[] = [];
      for (let at = 0; at < spans.length; at += 4) {
        const [row, first, last, more] = spans.slice(at, at + 4) as unknown as [number, number, number, number];
        logits.push(...spanLogits(net, ends!.subarray(row * size, (row + 1) * size), first, last, parts[more]!));
      }
      expect(relativeError(logits, golden.vectors.get(key)!.values), key).toBeLessThan(1e-4);
    }
    loader.dispose();
    expect(memory().numTensors).toBe(before);
  });
});

describe("mqspn", () => {
  it("reads from its slots the names and regions that PyTorch reads", () => {
    const { vectors } = goldenOf("mqspn");
    const { output, config } = runs.get("mqspn")!;
    const { rows, length } = goldenSequences(vectors);
    const first = vectors.get("input.first")!.values;
    const part = (name: string, row: number): Float32Array => {
      const size = output[name]!.length / rows;
      return output[name]!.subarray(row * size, (row + 1) * size);
    };
    const found = Array.from({ length: rows }, (_, row) => {
      const columns = Array.from({ length }, (_, at) => at).filter((at) => first[row * length + at]);
      const slots = {
        slots: 32,
        classes: part("classes", row),
        start: part("start", row),
        end: part("end", row),
        region: part("region", row),
      };
      return readSlots(slots, columns, config.maxSpanWords).map((name) => ({ row, ...name }));
    }).flat();
    const region = (places: readonly number[]): number => places.indexOf(Math.max(...places)) - 1;
    expect(found.flatMap((one) => [one.row, one.slot, one.first, one.last, one.label, region(one.places)])).toEqual([
      ...vectors.get("decode.slots")!.values,
    ]);
    expect(
      relativeError(
        found.map(({ chance }) => chance),
        vectors.get("decode.chances")!.values,
      ),
    ).toBeLessThan(1e-4);
    expect(found.length).toBeGreaterThan(10);
  });
});
