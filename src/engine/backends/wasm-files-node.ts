// Where Node finds the wasm binary: beside the built script, else in the installed package.
import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { fileURLToPath } from "node:url";
import type { WasmFiles } from "./backend.js";

const BINARY = "tfjs-backend-wasm-simd.wasm";

/** MNER_QG_PRODUCTS=floats or sixteen-bits settles what is else settled by a race. */
export function nodeWasmFiles(products = process.env.MNER_QG_PRODUCTS): WasmFiles {
  const read = async (): Promise<Uint8Array<ArrayBuffer>> => {
    const beside = fileURLToPath(new URL(`./${BINARY}`, import.meta.url));
    const path = existsSync(beside)
      ? beside
      : createRequire(import.meta.url).resolve(`@tensorflow/tfjs-backend-wasm/dist/${BINARY}`);
    return new Uint8Array(await readFile(path));
  };
  return {
    threads: () => 1,
    startThread: null,
    read,
    compile: async () => WebAssembly.compile(await read()),
    ...(products === "floats" || products === "sixteen-bits" ? { products } : {}),
  };
}
