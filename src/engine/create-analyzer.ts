// The engine without a user interface: what `<mner-qg>` uses, and what a page may use by itself.
import { MnerError } from "../errors/mner-error.js";
import { prepareImage } from "../vision/index.js";
import type { Analyzer, AnalyzerOptions } from "./analyzer.js";
import { defaultModel } from "./default-model.js";
import type { StartHost } from "./host.js";
import { checkBackend, makeAnalyzer } from "./make-analyzer.js";
import { startPageHost } from "./page-host.js";
import { NoWorker, startWorkerHost } from "./worker-host.js";

export { isMnerError, MnerError, type MnerErrorCode } from "../errors/mner-error.js";
export type * from "./analyzer.js";
export type * from "./results.js";

/**
 * Loads a model and gets ready to analyse. Analysers of the same model and backend share one engine; each must be disposed
 * of by whoever created it.
 */
export async function createAnalyzer(options: AnalyzerOptions = {}): Promise<Analyzer> {
  const model = resolveModel(options.model);
  const backend = checkBackend(options.backend);
  if (isNode()) {
    throw new MnerError("option-invalid", 'In Node, import createAnalyzer from "mner-qg/node": this one is for pages.');
  }
  const run = options.run ?? "auto";
  const startHost = starters[run];
  if (!startHost) throw new MnerError("option-invalid", `run is "${String(run)}", but must be auto, worker or page.`);
  return makeAnalyzer(options, {
    model,
    key: JSON.stringify([model, backend, run]),
    startHost,
    toPhoto: (image, { crossOrigin, signal }) => prepareImage(image, { crossOrigin, signal }),
  });
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

const workerOnly: StartHost = async (options, events, signal) => {
  try {
    return await startWorkerHost(options, events, signal);
  } catch (error) {
    if (!mayRunInPage(error)) throw error;
    throw new MnerError("worker-failed", 'No worker can be started here. Use run: "auto" to do without one.', {
      cause: error,
    });
  }
};

const workerOrPage: StartHost = async (options, events, signal) => {
  try {
    return await startWorkerHost(options, events, signal);
  } catch (error) {
    if (!mayRunInPage(error)) throw error;
    events.onNotice({
      code: "worker-unavailable",
      message:
        "No worker can be started here (the page's Content-Security-Policy may forbid it); the page itself does the work and may stutter.",
    });
    return startPageHost(options, events, signal);
  }
};

const starters: Readonly<Record<string, StartHost>> = { auto: workerOrPage, worker: workerOnly, page: startPageHost };

/** Refusals come as an exception of the browser's, or as silence; our own errors say that the engine did start. */
function mayRunInPage(error: unknown): boolean {
  return error instanceof NoWorker || (error instanceof Error && !(error instanceof MnerError));
}

function resolveModel(model: string | URL | undefined): string {
  if (model === undefined || model === "") return defaultModel();
  const base = typeof document === "undefined" ? location.href : document.baseURI;
  try {
    return new URL(model, base).href;
  } catch (cause) {
    const message = `"${String(model).slice(0, 200)}" is not the address of a model folder. Give a URL such as "/models/mner-qg-mini/".`;
    throw new MnerError("option-invalid", message, { cause });
  }
}
