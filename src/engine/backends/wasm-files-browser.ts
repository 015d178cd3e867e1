// Where a page or worker finds the wasm binary: files beside the script, wherever that was loaded from.

import plainUrl from "@tensorflow/tfjs-backend-wasm/dist/tfjs-backend-wasm-simd.wasm?url";
import threadedUrl from "@tensorflow/tfjs-backend-wasm/dist/tfjs-backend-wasm-threaded-simd.wasm?url";
import { MnerError } from "../../core/mner-error.js";
import type { WasmFiles } from "./backend.js";

/** More threads than this gain nothing on matrices of a tweet's size. */
const MOST_THREADS = 4;
/** With fewer cores, two workers of one thread each are faster than one worker of two (docs/decisions/worker.md). */
const FEWEST_THREADS = 4;
/** How long a thread may take to answer before it counts as forbidden. */
const THREAD_ANSWER_MS = 2000;

export function browserWasmFiles(): WasmFiles {
  return {
    compile: (threaded) => fetchModule(new URL(threaded ? threadedUrl : plainUrl, import.meta.url)),
    async threads() {
      // Shared memory exists only on cross-origin isolated pages, and a Content-Security-Policy may forbid the workers
      // that threads are; the backend would then wait for them for ever.
      const cores = navigator.hardwareConcurrency || 1;
      if (!globalThis.crossOriginIsolated || cores < FEWEST_THREADS || !(await canStartThreads())) return 1;
      return Math.min(MOST_THREADS, cores);
    },
  };
}

async function fetchModule(url: URL): Promise<WebAssembly.Module> {
  let response: Response;
  try {
    response = await fetch(url);
  } catch (cause) {
    throw missing(url, "cannot be fetched", cause);
  }
  if (!response.ok) throw missing(url, `gives status ${response.status}`);
  try {
    // Needs the right content type, which not every server sends; the copy serves for those.
    if (/^application\/wasm\b/.test(response.headers.get("content-type") ?? "")) {
      return await WebAssembly.compileStreaming(response);
    }
    return await WebAssembly.compile(await response.arrayBuffer());
  } catch (cause) {
    throw missing(url, "is not a WebAssembly file or may not be compiled", cause);
  }
}

function missing(url: URL, what: string, cause?: unknown): MnerError {
  return new MnerError(
    "backend-unavailable",
    `The file ${url.href} ${what}. Serve every file of the dist folder next to the script, and allow 'wasm-unsafe-eval' if the page has a Content-Security-Policy.`,
    { cause },
  );
}

function canStartThreads(): Promise<boolean> {
  return new Promise((resolve) => {
    const url = URL.createObjectURL(new Blob(["postMessage(0)"], { type: "text/javascript" }));
    const settle = (answer: boolean, worker?: Worker): void => {
      clearTimeout(timer);
      worker?.terminate();
      URL.revokeObjectURL(url);
      resolve(answer);
    };
    const timer = setTimeout(() => settle(false), THREAD_ANSWER_MS);
    try {
      const worker = new Worker(url);
      worker.onmessage = () => settle(true, worker);
      worker.onerror = (event) => {
        event.preventDefault();
        settle(false, worker);
      };
    } catch {
      settle(false);
    }
  });
}
