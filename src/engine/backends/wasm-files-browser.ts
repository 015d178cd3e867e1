// Where a page or worker finds the wasm binary: files beside the script, wherever that was loaded from.

import binaryUrl from "@tensorflow/tfjs-backend-wasm/dist/tfjs-backend-wasm-simd.wasm?url";
import { MnerError } from "../../core/mner-error.js";
import { startWorker } from "../browser-worker.js";
import type { WasmFiles } from "./backend.js";

/** More threads than this gain nothing on matrices of a tweet's size. */
const MOST_THREADS = 4;
/** With fewer cores, two workers of one thread each are faster than one worker of two (docs/decisions/worker.md). */
const FEWEST_THREADS = 4;

/** `script`: that of the engine's worker, which a thread can be started from; null where no worker can be had. */
export function browserWasmFiles(script: string | null = null): WasmFiles {
  const url = new URL(binaryUrl, import.meta.url);
  return {
    compile: () => compileFrom(url),
    read: async () => new Uint8Array(await (await fetchFile(url)).arrayBuffer()),
    threads() {
      // Shared memory exists only on cross-origin isolated pages.
      const cores = navigator.hardwareConcurrency || 1;
      return globalThis.crossOriginIsolated && cores >= FEWEST_THREADS ? Math.min(MOST_THREADS, cores) : 1;
    },
    startThread: script === null ? null : () => startWorker(script),
  };
}

async function fetchFile(url: URL): Promise<Response> {
  let response: Response;
  try {
    response = await fetch(url);
  } catch (cause) {
    throw missing(url, "cannot be fetched", cause);
  }
  if (!response.ok) throw missing(url, `gives status ${response.status}`);
  return response;
}

async function compileFrom(url: URL): Promise<WebAssembly.Module> {
  const response = await fetchFile(url);
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
