// What the engine is made of in a page or a worker.
import { MnerError } from "../errors/mner-error.js";
import { loadModel } from "../model/index.js";
import { openImage } from "../vision/index.js";
import { browserWasmFiles } from "./backends/wasm-files-browser.js";
import type { Surroundings } from "./job.js";

/** `script`: that of the worker, for threads; null where no other may be started. */
export function browserSurroundings(script: string | null = null): Surroundings {
  return {
    loadModel: (address, options) => loadModel(address, options),
    async openPhoto(photo, signal) {
      if (photo.kind === "node") throw new MnerError("image-unsupported", "This kind of photo exists in Node only.");
      return openImage(photo, { signal });
    },
    wasm: browserWasmFiles(script),
    order: ["webgpu", "wasm", "webgl", "cpu"],
    helperScript: null,
  };
}
