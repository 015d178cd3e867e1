// What the engine is made of in a page or a worker.
import { MnerError } from "../core/mner-error.js";
import { loadModel } from "../model/index.js";
import { openImage } from "../vision/index.js";
import { browserWasmFiles } from "./backends/wasm-files-browser.js";
import type { Environment } from "./engine.js";

export function browserEnvironment(helperScript: string | null = null): Environment {
  return {
    loadModel: (address, options) => loadModel(address, options),
    async openPhoto(photo, signal) {
      if (photo.kind === "node" || photo.kind === "broken") {
        throw new MnerError("image-unsupported", "This kind of photo exists in Node only.");
      }
      return openImage(photo, { signal });
    },
    wasm: browserWasmFiles(helperScript),
    order: ["webgpu", "wasm", "webgl", "cpu"],
    helperScript,
  };
}
