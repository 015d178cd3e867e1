// Starts the compiled kernels on the memory of TensorFlow.js' wasm backend.
import { PLAIN, RELAXED } from "./binary.js";

/** Addresses and strides in bytes. */
export interface KernelModule {
  gelu(x: number, out: number, count: number): void;
  silu(x: number, out: number, count: number): void;
  linear(
    x: number,
    panels: number,
    bias: number,
    out: number,
    m: number,
    k: number,
    n: number,
    activation: number,
  ): void;
  layerNorm(
    x: number,
    y: number,
    gain: number,
    offset: number,
    epsilon: number,
    out: number,
    rows: number,
    width: number,
  ): void;
  attentionScratch(keys: number, size: number): number;
  attention(
    query: number,
    queryStride: number,
    key: number,
    keyStride: number,
    value: number,
    valueStride: number,
    mask: number,
    out: number,
    outStride: number,
    batch: number,
    heads: number,
    queries: number,
    keys: number,
    size: number,
    scratch: number,
  ): void;
}

/** The relaxed kernels where the machine has their instructions. */
export async function startKernels(memory: WebAssembly.Memory): Promise<KernelModule> {
  const shared = typeof SharedArrayBuffer !== "undefined" && memory.buffer instanceof SharedArrayBuffer;
  const relaxed = decode(RELAXED, shared);
  const module = await WebAssembly.compile(WebAssembly.validate(relaxed) ? relaxed : decode(PLAIN, shared));
  const { exports } = await WebAssembly.instantiate(module, { env: { memory } });
  return exports as unknown as KernelModule;
}

/** Ends the import `env.memory`: its kind, and flags that say that it has a maximum. */
const MEMORY_IMPORT = [..."memory"].map((letter) => letter.charCodeAt(0)).concat(2, 1);
const SHARED = 2;

function decode(base64: string, shared: boolean): Uint8Array<ArrayBuffer> {
  const bytes = Uint8Array.from(atob(base64), (character) => character.charCodeAt(0));
  if (!shared) return bytes;
  // The same code works on shared memory; only the import must say so.
  const at = bytes.findIndex((_, start) => MEMORY_IMPORT.every((byte, index) => bytes[start + index] === byte));
  bytes[at + MEMORY_IMPORT.length - 1]! |= SHARED;
  return bytes;
}
