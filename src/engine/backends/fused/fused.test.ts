// The compiled kernels against the same composed from ordinary operations, for sizes that fill no register evenly.
import { memory, type Tensor1D, type Tensor2D, tensor, tidy } from "@tensorflow/tfjs-core";
import * as fc from "fast-check";
import { beforeAll, describe, expect, it } from "vitest";
import { attend, layerNorm, linear, scaledGelu, silu } from "../../../nn/operations.js";
import type { Matrix } from "../../../nn/parameters.js";
import { WeightLoader } from "../../../nn/readers.js";
import { openCpu } from "../cpu.js";
import { selectBackend } from "../open-backend.js";
import { openWasm } from "../wasm.js";
import { nodeWasmFiles } from "../wasm-files-node.js";

const LOADING_MS = 60_000;
const TOLERANCE = 2e-5;

beforeAll(async () => {
  await openCpu();
  await openWasm({ wasm: nodeWasmFiles() });
}, LOADING_MS);

/** Numbers that differ from call to call, the same in every run. */
function numbers(count: number, seed: number, range = 1): Float32Array {
  let state = seed + 1;
  return Float32Array.from({ length: count }, () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return (state / 2 ** 31 - 1) * range;
  });
}

const NO_WEIGHTS = { has: () => false, read: () => ({ shape: [], values: new Float32Array() }) };

/** Runs the same on both backends (the network's operations choose the kernels by themselves) and compares. */
async function compare(run: () => Tensor2D, loaders: readonly WeightLoader[] = []): Promise<void> {
  const results: Float32Array[] = [];
  for (const [index, backend] of (["cpu", "wasm"] as const).entries()) {
    selectBackend(backend);
    const before = memory().numTensors;
    // Each backend has its own layout of weights.
    await loaders[index]?.load();
    const out = tidy(run);
    results.push((await out.data()) as Float32Array);
    out.dispose();
    loaders[index]?.dispose();
    expect(memory().numTensors).toBe(before);
  }
  const [expected, found] = results as [Float32Array, Float32Array];
  expect(found.length).toBe(expected.length);
  const largest = expected.reduce((most, value) => Math.max(most, Math.abs(value)), 1e-3);
  for (let i = 0; i < expected.length; i++) {
    if (!(Math.abs(found[i]! - expected[i]!) <= TOLERANCE * largest)) expect(found[i]).toBe(expected[i]);
  }
}

const size = (most: number) => fc.integer({ min: 1, max: most });
const seed = fc.integer({ min: 0, max: 1e6 });
const matrix = (values: Float32Array, rows: number, columns: number) => tensor(values, [rows, columns]) as Tensor2D;

describe("fused kernels", { timeout: LOADING_MS }, () => {
  it("linear layers, with every activation", async () => {
    const activation = fc.constantFrom("linear" as const, "gelu" as const, "silu" as const, "leakyrelu" as const);
    await fc.assert(
      fc.asyncProperty(size(23), size(37), size(29), activation, seed, async (rows, inputs, outputs, after, start) => {
        const weights: Matrix = {
          inputs,
          outputs,
          read: () => ({ values: numbers(inputs * outputs, start), bias: numbers(outputs, start + 1) }),
        };
        const loaders = [new WeightLoader(NO_WEIGHTS), new WeightLoader(NO_WEIGHTS)];
        const layers = loaders.map((loader) => loader.linear(weights));
        let run = 0;
        await compare(
          () => linear(matrix(numbers(rows * inputs, start + 2), rows, inputs), layers[run++]!, after),
          loaders,
        );
      }),
      { numRuns: 60 },
    );
  });

  it("attention over parts of joined matrices, with padding masked", async () => {
    await fc.assert(
      fc.asyncProperty(size(3), size(3), size(13), size(21), size(3), fc.boolean(), seed, async (...given) => {
        const [batch, heads, queries, keys, eights, masked, start] = given;
        const width = heads * eights * 8;
        const visible = 1 + (start % keys);
        const mask = Float32Array.from({ length: batch * keys }, (_, at) => (at % keys < visible ? 0 : -1e9));
        await compare(() => {
          const query = matrix(numbers(batch * queries * width, start), batch * queries, width);
          const keyValue = matrix(numbers(batch * keys * 2 * width, start + 1), batch * keys, 2 * width);
          return attend(
            { rows: query, column: 0 },
            { rows: keyValue, column: 0 },
            { rows: keyValue, column: width },
            { batch, heads, width },
            masked ? matrix(mask, batch, keys) : null,
          );
        });
      }),
      { numRuns: 40 },
    );
  });

  it("attention whose scores would overflow without care", async () => {
    await compare(() => {
      const [query, key, value] = [1, 2, 3].map((start) => matrix(numbers(6 * 8, start, 60), 6, 8));
      const part = (rows: Tensor2D) => ({ rows, column: 0 });
      return attend(part(query!), part(key!), part(value!), { batch: 1, heads: 1, width: 8 }, null);
    });
  });

  it("layer norm, of one matrix or of a sum", async () => {
    await fc.assert(
      fc.asyncProperty(size(9), size(12), fc.boolean(), seed, async (rows, fours, summed, start) => {
        const width = fours * 4;
        await compare(() => {
          const x = matrix(numbers(rows * width, start), rows, width);
          const y = summed ? matrix(numbers(rows * width, start + 1), rows, width) : null;
          const vector = (values: Float32Array) => tensor(values, [width]) as Tensor1D;
          const epsilon = 1e-5;
          return layerNorm(x, y, {
            gain: vector(numbers(width, start + 2)),
            offset: vector(numbers(width, start + 3)),
            epsilon,
            epsilonTensor: tensor(Float32Array.of(epsilon), []) as never,
          });
        });
      }),
      { numRuns: 40 },
    );
  });

  it.each([
    ["SiLU", silu],
    ["GELU", scaledGelu],
  ] as const)("%s over the whole range of numbers", async (_, activation) => {
    for (const range of [1e-3, 1, 6, 100, 1e30]) {
      await compare(() => activation(matrix(numbers(1013, 5, range), 1, 1013)));
    }
  });
});
