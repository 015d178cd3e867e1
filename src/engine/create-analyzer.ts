// The engine without a user interface: what `<mner-qg>` uses, and what a page may use by itself.
import { bare } from "../core/json.js";
import { isMnerError, MnerError, toMnerError } from "../core/mner-error.js";
import { systemNames } from "../systems/index.js";
import { prepareImage } from "../vision/index.js";
import type { AnalyzeRequest, Analyzer, AnalyzerOptions } from "./analyzer.js";
import type { StartEngine } from "./engine.js";
import { checkBackend, makeAnalyzer } from "./make-analyzer.js";
import { NoWorker } from "./remote-engine.js";
import { startWorkerEngine } from "./worker-engine.js";

export { isMnerError, MnerError, type MnerErrorCode } from "../core/mner-error.js";
export type * from "../core/results.js";
export type * from "./analyzer.js";

declare const __MNER_QG_MODEL__: string | undefined;

/** The package's build says where its script lies; the demo's chunks lie in a folder; Vite's server has `public/` at its root. */
const DEFAULT_MODEL = import.meta.env.DEV
  ? "/models/mner-qg-mini/"
  : typeof __MNER_QG_MODEL__ === "string"
    ? __MNER_QG_MODEL__
    : "../models/mner-qg-mini/";

/**
 * Loads a model and gets ready to analyse. Analysers of the same model and backend share one engine; each must be disposed
 * of by whoever created it.
 */
export async function createAnalyzer(given: AnalyzerOptions = {}): Promise<Analyzer> {
  const options = bare(given);
  if (isNode()) {
    throw new MnerError("option-invalid", 'In Node, import createAnalyzer from "mner-qg/node": this one is for pages.');
  }
  const { system } = options;
  if (system !== undefined && !systemNames.includes(system)) {
    const list = systemNames.join(", ");
    throw new MnerError("option-invalid", `There is no system "${String(system).slice(0, 40)}". Use one of: ${list}.`);
  }
  const model = resolveModel(options.model, system);
  const backend = checkBackend(options.backend);
  const run = options.run ?? "auto";
  const start = starters[run];
  if (!start) throw new MnerError("option-invalid", `run is "${String(run)}", but must be auto, worker or page.`);
  const analyzer = await makeAnalyzer<AnalyzeRequest>(options, {
    model,
    key: [model, backend, run],
    start,
    toPhoto: (image, { crossOrigin, signal }) => prepareImage(image, { crossOrigin, signal }),
  });
  if (system === undefined || analyzer.model.system === system) return analyzer;
  const message = `The model at ${model} is for ${analyzer.model.system}, not for ${system}. Give the folder of one that is, or no system.`;
  analyzer.dispose();
  throw new MnerError("option-invalid", message);
}

/** Node itself, not a page or a worker that some tool runs in it. */
function isNode(): boolean {
  const { process, document, self } = globalThis as {
    readonly process?: { readonly versions?: { readonly node?: string } };
    readonly document?: unknown;
    readonly self?: unknown;
  };
  return typeof process?.versions?.node === "string" && document === undefined && self === undefined;
}

/** Without a worker, where none may be started. The engine's script is only fetched then. */
const startInPage: StartEngine = async (options, events, signal) => {
  const [{ startSession }, { browserEnvironment }] = await Promise.all([
    import("./session.js"),
    import("./browser-environment.js"),
  ]).catch((error: unknown) => {
    throw noScript(error);
  });
  return startSession(options, browserEnvironment(), events, signal);
};

const workerOnly: StartEngine = (options, events, signal) =>
  startWorkerEngine(options, events, signal).catch((error: unknown) => {
    if (!mayRunInPage(error)) throw error;
    throw new MnerError("worker-failed", 'No worker can be started here. Use run: "auto" to do without one.', {
      cause: error,
    });
  });

const workerOrPage: StartEngine = (options, events, signal) =>
  startWorkerEngine(options, events, signal).catch((error: unknown) => {
    if (!mayRunInPage(error)) throw error;
    events.onNotice({
      code: "worker-unavailable",
      message:
        "No worker can be started here (the page's Content-Security-Policy may forbid it); the page itself does the work and may stutter.",
    });
    return startInPage(options, events, signal);
  });

const starters: Readonly<Record<string, StartEngine>> = { auto: workerOrPage, worker: workerOnly, page: startInPage };

/** Refusals come as an exception of the browser's, or as silence; our own errors say that the engine did start. */
function mayRunInPage(error: unknown): boolean {
  return error instanceof NoWorker || (error instanceof Error && !isMnerError(error));
}

function noScript(cause: unknown): MnerError {
  if (globalThis.navigator?.onLine === false) {
    return new MnerError(
      "offline",
      "This device is offline and the engine's script is not stored on it yet. Connect once; after that it works offline.",
      { cause },
    );
  }
  return toMnerError(
    cause,
    "internal",
    "The engine's script could not be loaded. Serve every file of the dist folder next to the script.",
  );
}

/** Add-on folders of other systems lie beside the default model's. */
function resolveModel(model: string | URL | undefined, system: string | undefined): string {
  if (model === undefined || model === "") {
    const own = new URL(DEFAULT_MODEL, import.meta.url);
    return system === undefined || system === "mner-qg" ? own.href : new URL(`../systems/${system}/`, own).href;
  }
  const base = typeof document === "undefined" ? location.href : document.baseURI;
  try {
    return new URL(model, base).href;
  } catch (cause) {
    const message = `"${String(model).slice(0, 200)}" is not the address of a model folder. Give a URL such as "/models/mner-qg-mini/".`;
    throw new MnerError("option-invalid", message, { cause });
  }
}
