// Bundles the engine for pages: index.js and, beside it in assets/, what it fetches when it needs it: the worker, one chunk
// per backend, the WebAssembly binary. Every file finds the next by its own address, so the folder may lie anywhere.
import { defineConfig } from "vite";
import { plainImports } from "../vite/plain-imports.js";
import { tensorflowParts } from "../vite/tensorflow-parts.js";
import { transformersStubs } from "../vite/transformers-stubs.js";
import { workerEntry } from "../vite/worker-entry.js";
import { forPages } from "./for-pages.js";

export default defineConfig({
  ...forPages({ index: "src/engine/create-analyzer.ts" }),
  plugins: [tensorflowParts(), transformersStubs(), plainImports(), workerEntry("src/engine/worker.ts")],
  // Beside index.js, whose own code resolves it.
  define: { __MNER_QG_MODEL__: JSON.stringify("./models/mner-qg-mini/") },
});
