// What the engine is made of in a page or a worker.
import { loadModel } from "../model/index.js";
import { browserWasmFiles } from "./backends/wasm-files-browser.js";
import { openBrowserPhoto } from "./browser-photo.js";
import type { Surroundings } from "./job.js";

export function browserSurroundings(): Surroundings {
  return {
    loadModel: (address, options) => loadModel(address, options),
    openPhoto: openBrowserPhoto,
    wasm: browserWasmFiles(),
    order: ["webgpu", "wasm", "webgl", "cpu"],
  };
}
