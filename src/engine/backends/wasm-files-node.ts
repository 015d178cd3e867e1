// Where Node finds the wasm binary: beside the built script, else in the installed package.
import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { fileURLToPath } from "node:url";
import type { WasmFiles } from "./backend.js";

const BINARY = "tfjs-backend-wasm-simd.wasm";

export function nodeWasmFiles(): WasmFiles {
  return {
    threads: async () => 1,
    async compile() {
      const beside = fileURLToPath(new URL(`./${BINARY}`, import.meta.url));
      const path = existsSync(beside)
        ? beside
        : createRequire(import.meta.url).resolve(`@tensorflow/tfjs-backend-wasm/dist/${BINARY}`);
      return WebAssembly.compile(new Uint8Array(await readFile(path)));
    },
  };
}
