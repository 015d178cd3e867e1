// Starts the compiled kernels on the memory of TensorFlow.js' wasm backend.
import { PLAIN, RELAXED } from "./binary.js";

/** Kernels whose work can be cut into parts. Each takes its own arguments, then scratch memory, and which part is meant. */
export type KernelName =
  | "attention"
  | "condition"
  | "depthwise"
  | "gelu"
  | "layerNorm"
  | "linear"
  | "linear16"
  | "silu";

export type Kernel = (...numbers: number[]) => void;

/** Addresses and strides in bytes; what the arguments are stands with the kernels in kernels/. */
export interface KernelModule extends Readonly<Record<KernelName, Kernel>> {
  attentionScratch(keys: number, size: number): number;
  linearScratch(inputs: number): number;
}

/** The relaxed kernels where the machine has their instructions. */
export async function compileKernels(memory: WebAssembly.Memory): Promise<WebAssembly.Module> {
  const shared = isShared(memory);
  const relaxed = decode(RELAXED, shared);
  return WebAssembly.compile(WebAssembly.validate(relaxed) ? relaxed : decode(PLAIN, shared));
}

export async function startKernels(module: WebAssembly.Module, memory: WebAssembly.Memory): Promise<KernelModule> {
  const { exports } = await WebAssembly.instantiate(module, { env: { memory } });
  return exports as unknown as KernelModule;
}

export const isShared = ({ buffer }: WebAssembly.Memory): boolean =>
  typeof SharedArrayBuffer !== "undefined" && buffer instanceof SharedArrayBuffer;

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
