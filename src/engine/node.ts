// The engine for Node: the wasm backend, a model folder on disk, photos as files or bytes. For the command line and tests.
import { existsSync } from "node:fs";
import { resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { bare } from "../core/json.js";
import { MnerError } from "../core/mner-error.js";
import { loadModelFolder } from "../model/node.js";
import { type NodeImageSource, openNodeImage } from "../vision/node.js";
import type { AnalyzeRequest, Analyzer, AnalyzerOptions } from "./analyzer.js";
import { nodeWasmFiles } from "./backends/wasm-files-node.js";
import type { Environment, PhotoInput } from "./engine.js";
import { checkBackend, makeAnalyzer } from "./make-analyzer.js";
import { startSession } from "./session.js";

export { isMnerError, MnerError, type MnerErrorCode } from "../core/mner-error.js";
export type * from "../core/results.js";
export type { NodeImageSource } from "../vision/node.js";

export interface NodeAnalyzeRequest extends Omit<AnalyzeRequest, "image" | "crossOrigin"> {
  readonly image?: NodeImageSource | null;
}

export interface NodeAnalyzer extends Omit<Analyzer, "analyze"> {
  analyze(request: NodeAnalyzeRequest): ReturnType<Analyzer["analyze"]>;
}

/** `model` is the path of a model folder; the one that comes with the package when absent. */
export type NodeAnalyzerOptions = Omit<AnalyzerOptions, "run">;

const DEFAULT_MODEL = "models/mner-qg-mini";

/** As in the browser, with paths instead of addresses. */
export async function createAnalyzer(given: NodeAnalyzerOptions = {}): Promise<NodeAnalyzer> {
  const options = bare(given);
  const model = folderOf(options.model);
  const backend = checkBackend(options.backend);
  return makeAnalyzer<NodeAnalyzeRequest>(options, {
    model,
    key: [model, backend],
    start: (engineOptions, events, signal) => startSession(engineOptions, nodeEnvironment, events, signal),
    toPhoto,
  });
}

export const nodeEnvironment: Environment = {
  loadModel: (address, options) => loadModelFolder(address, options),
  async openPhoto(input, signal) {
    if (input.kind !== "node") throw new MnerError("image-unsupported", "This kind of photo exists in browsers only.");
    return openNodeImage(input.source, { signal });
  },
  wasm: nodeWasmFiles(),
  order: ["wasm", "cpu"],
  // The command line gives each core a tweet of its own.
  helperScript: null,
};

function folderOf(model: string | URL | undefined): string {
  if (model !== undefined && model !== "") {
    return model instanceof URL || model.startsWith("file:") ? fileURLToPath(model) : resolve(model);
  }
  // Beside the built script, or in the repository.
  const places = [`./${DEFAULT_MODEL}`, `../${DEFAULT_MODEL}`, `../../public/${DEFAULT_MODEL}`].map((place) =>
    fileURLToPath(new URL(place, import.meta.url)),
  );
  return places.find((place) => existsSync(place)) ?? places[0]!;
}

/** Read when its turn comes, so that a thousand requests at once do not hold a thousand photos. */
async function toPhoto(source: NodeImageSource): Promise<PhotoInput> {
  return { kind: "node", source };
}
