// Reads the golden vectors that the PyTorch reference wrote: weights, inputs and the output at every module boundary.
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import type { NetworkConfig } from "../../src/network/config.js";

export interface GoldenTensor {
  readonly shape: readonly number[];
  readonly values: Float32Array | Int32Array;
}

export interface Golden {
  readonly config: NetworkConfig & Readonly<Record<string, unknown>>;
  readonly weights: ReadonlyMap<string, { readonly shape: readonly number[]; readonly values: Float32Array }>;
  readonly vectors: ReadonlyMap<string, GoldenTensor>;
}

export const FIXTURES = fileURLToPath(new URL("../fixtures/", import.meta.url));

/** A safetensors file: length of the header, the header as JSON, the numbers. */
export function readSafetensors(path: string): Map<string, GoldenTensor> {
  const file = readFileSync(path);
  const bytes = file.buffer.slice(file.byteOffset, file.byteOffset + file.byteLength) as ArrayBuffer;
  const headerLength = Number(new DataView(bytes).getBigUint64(0, true));
  const header = JSON.parse(new TextDecoder().decode(bytes.slice(8, 8 + headerLength))) as Record<
    string,
    { dtype: string; shape: number[]; data_offsets: [number, number] }
  >;
  const tensors = new Map<string, GoldenTensor>();
  for (const [name, entry] of Object.entries(header)) {
    if (name === "__metadata__") continue;
    const [from, to] = entry.data_offsets;
    const data = bytes.slice(8 + headerLength + from, 8 + headerLength + to);
    if (entry.dtype !== "F32" && entry.dtype !== "I32") throw new Error(`${path}: ${name} is ${entry.dtype}`);
    tensors.set(name, {
      shape: entry.shape,
      values: entry.dtype === "F32" ? new Float32Array(data) : new Int32Array(data),
    });
  }
  return tensors;
}

export function readGolden(name: string): Golden {
  const folder = `${FIXTURES}${name}/`;
  return {
    config: JSON.parse(readFileSync(`${folder}config.json`, "utf8")),
    weights: readSafetensors(`${folder}model.safetensors`) as Golden["weights"],
    vectors: readSafetensors(`${folder}golden.safetensors`),
  };
}
