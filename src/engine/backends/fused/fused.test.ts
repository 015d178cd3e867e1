// The compiled kernels against the same composed from ordinary operations, for sizes that fill no register evenly.
import { memory, type Tensor, type Tensor1D, type Tensor2D, type Tensor4D, tensor, tidy } from "@tensorflow/tfjs-core";
import * as fc from "fast-check";
import { beforeAll, describe, expect, it } from "vitest";
import { decodeInt8, encodeInt8 } from "../../../model/quantise.js";
import { FUSED } from "../../../nn/fused.js";
import { attend, conditioned, convolve, layerNorm, linear, scaledGelu, silu } from "../../../nn/operations.js";
import type { Linear } from "../../../nn/parameters.js";
import { WeightLoader } from "../../../nn/readers.js";
import { openCpu } from "../cpu.js";
import { selectBackend } from "../open-backend.js";
import { openWasm } from "../wasm.js";
import { nodeWasmFiles } from "../wasm-files-node.js";

const LOADING_MS = 60_000;
const TOLERANCE = 2e-5;
/** Rows of whole numbers, 12 to 15 bits of them. */
const SIXTEEN_BIT_TOLERANCE = 5e-4;

beforeAll(async () => {
  await openCpu();
  // Forced: whichever won a race here, both ways of multiplying are to be seen.
  await openWasm({ wasm: nodeWasmFiles("sixteen-bits") });
}, LOADING_MS);

/** Numbers that differ from call to call, the same in every run. */
function numbers(count: number, seed: number, range = 1): Float32Array {
  let state = seed + 1;
  return Float32Array.from({ length: count }, () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return (state / 2 ** 31 - 1) * range;
  });
}

/** Of the one linear layer that a comparison may have. */
interface Weights {
  readonly inputs: number;
  readonly outputs: number;
  readonly values: Float32Array;
  readonly bias: Float32Array;
}

const NOTHING: Weights = { inputs: 1, outputs: 1, values: new Float32Array(1), bias: new Float32Array(1) };
const NO_WEIGHTS = { has: () => false, read: () => ({ shape: [], values: new Float32Array() }) };

/** Runs the same on both backends (the network's operations choose the kernels by themselves) and compares. */
async function compare(
  run: (layer: Linear) => Tensor,
  { tolerance = TOLERANCE, weights = null }: { tolerance?: number; weights?: Weights | null } = {},
): Promise<void> {
  const results: Float32Array[] = [];
  for (const backend of ["cpu", "wasm"] as const) {
    selectBackend(backend);
    const before = memory().numTensors;
    // Each backend has its own layout of weights.
    const loader = new WeightLoader(NO_WEIGHTS);
    const { inputs, outputs, values, bias } = weights ?? NOTHING;
    const layer = loader.linear({ inputs, outputs, read: () => ({ values, bias }) });
    await loader.load();
    const out = tidy(() => run(layer));
    results.push((await out.data()) as Float32Array);
    out.dispose();
    loader.dispose();
    expect(memory().numTensors).toBe(before);
  }
  const [expected, found] = results as [Float32Array, Float32Array];
  expect(found.length).toBe(expected.length);
  const largest = expected.reduce((most, value) => Math.max(most, Math.abs(value)), 1e-3);
  for (let i = 0; i < expected.length; i++) {
    if (!(Math.abs(found[i]! - expected[i]!) <= tolerance * largest)) expect(found[i]).toBe(expected[i]);
  }
}

const size = (most: number) => fc.integer({ min: 1, max: most });
const seed = fc.integer({ min: 0, max: 1e6 });
const activation = fc.constantFrom("linear" as const, "gelu" as const, "silu" as const, "leakyrelu" as const);
/** Widths of matrices side by side. */
const parts = fc.array(size(19), { minLength: 1, maxLength: 5 });
const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0);
const matrices = (widths: readonly number[], rows: number, start: number): Tensor2D[] =>
  widths.map((width, at) => matrix(numbers(rows * width, start + 2 + at), rows, width));
const matrix = (values: Float32Array, rows: number, columns: number) => tensor(values, [rows, columns]) as Tensor2D;

describe("fused kernels", { timeout: LOADING_MS }, () => {
  it("linear layers, with every activation, over one matrix or several side by side", async () => {
    await fc.assert(
      fc.asyncProperty(size(43), parts, size(29), activation, seed, async (rows, widths, outputs, after, start) => {
        const inputs = sum(widths);
        const plus = start % 2 === 0 ? numbers(rows * outputs, start + 30) : null;
        const values = numbers(inputs * outputs, start);
        const weights = { inputs, outputs, values, bias: numbers(outputs, start + 1) };
        await compare(
          (layer) => {
            expect([null, FUSED.linear]).toContain(layer.kernel);
            return linear(matrices(widths, rows, start), layer, after, plus && matrix(plus, rows, outputs));
          },
          { weights },
        );
      }),
      { numRuns: 80 },
    );
  });

  it("linear layers of eight bits, in sixteen", async () => {
    const thick = fc.integer({ min: 96, max: 140 });
    const cut = fc.tuple(thick, size(3), size(30)).map(([whole, count, first]) => {
      if (count === 1) return [whole];
      return count === 2 ? [first, whole - first] : [first, 13, whole - first - 13];
    });
    await fc.assert(
      fc.asyncProperty(size(71), cut, thick, activation, seed, async (rows, widths, outputs, after, start) => {
        const inputs = sum(widths);
        const quantised = encodeInt8(numbers(inputs * outputs, start), outputs);
        // A row of zeros has no step.
        quantised.values.fill(0, 0, inputs);
        quantised.scales[0] = 0;
        const values = decodeInt8(quantised).map((value) => value * 0.37);
        const bias = numbers(outputs, start + 1);
        let kernel: string | null = null;
        await compare(
          (layer) => {
            kernel = layer.kernel;
            return linear(matrices(widths, rows, start), layer, after);
          },
          { tolerance: SIXTEEN_BIT_TOLERANCE, weights: { inputs, outputs, values, bias } },
        );
        expect(kernel).toBe(FUSED.linear16);
      }),
      { numRuns: 40 },
    );
  });

  it("linear layers of eight bits as deep as they come, with the largest numbers everywhere", async () => {
    const [rows, inputs, outputs] = [5, 4099, 97];
    const values = new Float32Array(inputs * outputs).fill(0.5);
    const weights = { inputs, outputs, values, bias: new Float32Array(outputs) };
    await compare((layer) => linear(matrix(new Float32Array(rows * inputs).fill(3), rows, inputs), layer), {
      tolerance: SIXTEEN_BIT_TOLERANCE,
      weights,
    });
  });

  it("maps as several queries see them, and what all of them share added", async () => {
    await fc.assert(
      fc.asyncProperty(size(4), size(5), size(6), size(9), size(7), seed, async (...given) => {
        const [count, height, width, fours, outputs, start] = given;
        const depth = fours * 4;
        const values = numbers(depth * outputs, start + 3);
        const weights = { inputs: depth, outputs, values, bias: numbers(outputs, start + 4) };
        const run = (layer: Linear): Tensor => {
          const map = (values: Float32Array, channels: number) =>
            tensor(values, [1, height, width, channels]) as Tensor4D;
          const x = map(numbers(height * width * depth, start), depth);
          const conditions = matrix(numbers(count * (2 * depth + 7), start + 1), count, 2 * depth + 7);
          const shared = map(numbers(height * width * outputs, start + 2), outputs);
          return linear(conditioned(x, conditions, 3), layer, "linear", shared);
        };
        await compare(run, { weights });
      }),
      { numRuns: 40 },
    );
  });

  it("depthwise convolutions, with every activation", async () => {
    const side = size(9);
    const kernel = fc.constantFrom(3, 5);
    const channels = fc.integer({ min: 4, max: 22 });
    const stride = fc.constantFrom(1, 2);
    await fc.assert(
      fc.asyncProperty(size(2), side, side, channels, kernel, stride, activation, seed, async (...given) => {
        const [batch, height, width, depth, taps, step, after, start] = given;
        await compare(() => {
          const x = tensor(numbers(batch * height * width * depth, start), [batch, height, width, depth]) as Tensor4D;
          const filter = tensor(numbers(taps * taps * depth, start + 1), [taps, taps, depth, 1]) as Tensor4D;
          const bias = tensor(numbers(depth, start + 2), [depth]) as Tensor1D;
          const layer = { kernel: taps, filter, bias, depthwise: true, pointwise: null };
          return convolve(x, layer, step, after);
        });
      }),
      { numRuns: 80 },
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
