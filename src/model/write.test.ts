// What the writer writes must be what the reader reads: encodings, shard borders, hashes, bounds on memory.
import { createHash } from "node:crypto";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { exampleDescription } from "../../test/support/example-manifest.js";
import { parseManifest } from "./manifest.js";
import type { ModelManifest } from "./manifest-types.js";
import { decodeFloat16, decodeInt8, encodeFloat16, encodeInt8, encodingFor, type WeightBits } from "./quantise.js";
import { openWeights } from "./weights.js";
import { type NamedTensor, type WriteOptions, writeModel } from "./write.js";

const VOCABULARY = { path: "vocab.txt", bytes: new TextEncoder().encode("[PAD]\n[UNK]\n") };

async function write(
  tensors: WriteOptions["tensors"],
  options: Partial<WriteOptions> = {},
): Promise<{ manifest: ModelManifest; files: Map<string, Uint8Array> }> {
  const files = new Map<string, Uint8Array>();
  const manifest = await writeModel({
    description: exampleDescription(),
    tensors,
    tokenizerFiles: [VOCABULARY],
    bits: 8,
    writeFile: (path, bytes) => {
      expect(files.has(path)).toBe(false);
      files.set(path, bytes);
    },
    ...options,
  });
  return { manifest, files };
}

function tensor(name: string, shape: number[], seed = 1): NamedTensor {
  const count = shape.reduce((product, size) => product * size, 1);
  const values = Float32Array.from({ length: count }, (_, i) => Math.sin(i * 12.9898 + seed) * 0.1);
  return { name, shape, values };
}

function expectedValues({ shape, values }: NamedTensor, bits: WeightBits): Float32Array {
  const encoding = encodingFor(shape, bits);
  if (encoding === "int8") return decodeInt8(encodeInt8(values, shape[0]!));
  return encoding === "float16" ? decodeFloat16(encodeFloat16(values)) : values;
}

describe("writeModel", () => {
  it.each([8, 16, 32] as const)("round-trips %i bits, straddling shards and all", async (bits) => {
    const tensors = [
      tensor("embeddings.weight", [37, 41]),
      tensor("scale", []),
      tensor("odd.bias", [7]),
      tensor("convolution.weight", [9, 5, 3, 3], 2),
      tensor("last.bias", [1], 3),
    ];
    const { manifest, files } = await write(tensors, { bits, shardBytes: 256 });
    expect(manifest.shards.length).toBeGreaterThan(5);
    expect([...files.keys()].at(-1)).toBe("manifest.json");
    expect(parseManifest(files.get("manifest.json")!)).toEqual(manifest);
    for (const entry of [...manifest.shards, ...manifest.tokenizer.files]) {
      const bytes = files.get(entry.path)!;
      expect(bytes.length).toBe(entry.bytes);
      expect(createHash("sha256").update(bytes).digest("hex")).toBe(entry.sha256);
    }
    const shards = manifest.shards.map((shard) => files.get(shard.path)!);
    const weights = openWeights(manifest.shards, shards, manifest.tensors);
    expect(weights.names).toEqual(tensors.map(({ name }) => name));
    for (const original of tensors) {
      const read = weights.read(original.name);
      expect(read.shape).toEqual(original.shape);
      expect(read.values).toEqual(expectedValues(original, bits));
    }
  });

  it("round-trips arbitrary shapes over arbitrary shard sizes", async () => {
    const shape = fc.array(fc.integer({ min: 1, max: 12 }), { maxLength: 4 });
    const shapes = fc.array(shape, { minLength: 1, maxLength: 8 });
    const shardBytes = fc.integer({ min: 16, max: 500 }).map((quarter) => quarter * 4);
    await fc.assert(
      fc.asyncProperty(shapes, shardBytes, fc.constantFrom<WeightBits>(8, 16, 32), async (all, size, bits) => {
        const tensors = all.map((one, index) => tensor(`t${index}`, one, index));
        const total = tensors.reduce((sum, { values }) => sum + values.length * 4, 0);
        fc.pre(total / size < 500);
        const { manifest, files } = await write(tensors, { bits, shardBytes: size });
        const shards = manifest.shards.map((shard) => files.get(shard.path)!);
        const weights = openWeights(manifest.shards, shards, manifest.tensors);
        const read = weights.names.map((name) => weights.read(name));
        expect(read.map(({ values }) => values)).toEqual(tensors.map((one) => expectedValues(one, bits)));
      }),
      { numRuns: 60 },
    );
  });

  it("gives the same bytes for the same input", async () => {
    const one = await write([tensor("w", [40, 40])]);
    const other = await write([tensor("w", [40, 40])]);
    expect(other.files).toEqual(one.files);
  });

  it("takes tensors one at a time and keeps none", async () => {
    let alive = 0;
    let most = 0;
    async function* produce(): AsyncGenerator<NamedTensor> {
      for (let index = 0; index < 20; index++) {
        alive += 1;
        most = Math.max(most, alive);
        yield tensor(`w${index}`, [64, 64], index);
        alive -= 1;
      }
    }
    const written: number[] = [];
    const { manifest } = await write(produce(), {
      shardBytes: 8192,
      onTensor: () => written.push(alive),
    });
    expect(most).toBe(1);
    expect(written).toHaveLength(20);
    expect(manifest.shards.length).toBeGreaterThan(5);
  });

  it("keeps values beyond half precision in float32", async () => {
    const big: NamedTensor = { name: "variance", shape: [2], values: Float32Array.of(1e6, 1) };
    const { manifest, files } = await write([big]);
    expect(manifest.tensors[0]!.encoding).toBe("float32");
    const weights = openWeights(manifest.shards, [files.get("weights-0.bin")!], manifest.tensors);
    expect(weights.read("variance").values).toEqual(big.values);
  });

  it.each([
    ["a NaN", { name: "w", shape: [2], values: Float32Array.of(1, Number.NaN) }, "checkpoint-unsupported"],
    ["infinity", { name: "w", shape: [2], values: Float32Array.of(1, -1 / 0) }, "checkpoint-unsupported"],
    ["a wrong shape", { name: "w", shape: [3], values: Float32Array.of(1, 2) }, "checkpoint-mismatch"],
    ["a bad name", { name: "../w", shape: [2], values: Float32Array.of(1, 2) }, "model-manifest-invalid"],
  ])("refuses %s", async (_, bad, code) => {
    await expect(write([bad])).rejects.toMatchObject({ code });
  });

  it("writes no manifest for a folder that could not be read again", async () => {
    const files = new Set<string>();
    const twice = [tensor("w", [4]), tensor("w", [4])];
    const writing = write(twice, { writeFile: (path) => void files.add(path) });
    await expect(writing).rejects.toMatchObject({ code: "model-manifest-invalid" });
    expect(files.has("manifest.json")).toBe(false);
  });

  it("stops when aborted", async () => {
    const controller = new AbortController();
    const writing = write([tensor("a", [4]), tensor("b", [4])], {
      signal: controller.signal,
      onTensor: () => controller.abort(),
    });
    await expect(writing).rejects.toMatchObject({ code: "aborted" });
  });
});

describe("weights", () => {
  it("says which tensor is missing, and that released weights are gone", async () => {
    const { manifest, files } = await write([tensor("w", [4])]);
    const weights = openWeights(manifest.shards, [files.get("weights-0.bin")!], manifest.tensors);
    expect(() => weights.read("v")).toThrow(expect.objectContaining({ code: "model-mismatch" }));
    weights.release();
    expect(() => weights.read("w")).toThrow(expect.objectContaining({ code: "disposed" }));
  });

  it("reads shards that begin at odd places in memory", async () => {
    const one = tensor("w", [5]);
    const { manifest, files } = await write([one], { bits: 32 });
    const shard = files.get("weights-0.bin")!;
    const shifted = new Uint8Array(shard.length + 1);
    shifted.set(shard, 1);
    const weights = openWeights(manifest.shards, [shifted.subarray(1)], manifest.tensors);
    expect(weights.read("w").values).toEqual(one.values);
  });
});

describe("bits of single tensors", () => {
  it("can differ from those of the model", async () => {
    const tensors = [tensor("a.weight", [32, 64]), tensor("b.weight", [32, 64])];
    const { manifest } = await write(tensors, { bitsOf: (name) => (name.startsWith("a.") ? 16 : 8) });
    expect(manifest.tensors.map(({ encoding }) => encoding)).toEqual(["float16", "int8"]);
  });
});
