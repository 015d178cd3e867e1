// What the tests of loading run in a page.
import { type LoadOptions, loadModel } from "../../src/model/index.js";
import { forgetStoredModels, isModelStored } from "../support/stored-models.js";

export interface Loaded {
  readonly source?: string;
  readonly version?: string;
  readonly notices?: readonly string[];
  /** A number that stands for all weights. */
  readonly sum?: number;
  readonly code?: string;
}

const QUICK = { attempts: 3, firstDelayMs: 5, longestDelayMs: 20, stallMs: 5000 };

export async function load(address: string, options: LoadOptions = {}): Promise<Loaded> {
  try {
    const model = await loadModel(address, { retry: QUICK, ...options });
    const { values } = model.weights.read("a.weight");
    return {
      source: model.source,
      version: model.manifest.version,
      notices: model.notices.map(({ code }) => code),
      sum: values.reduce((total, value) => total + value, 0),
    };
  } catch (error) {
    return { code: (error as { code?: string }).code ?? String(error) };
  }
}

/** Aborts after so many milliseconds; tells how long the load then took to end. */
export async function abortAfter(address: string, milliseconds: number): Promise<{ code: string; took: number }> {
  const controller = new AbortController();
  let aborted = 0;
  setTimeout(() => {
    aborted = performance.now();
    controller.abort();
  }, milliseconds);
  const { code } = await load(address, { signal: controller.signal });
  return { code: code ?? "none", took: performance.now() - aborted };
}

/** Flips a bit of a stored file, as a failing disk might. */
export async function damage(path: string): Promise<void> {
  for (const name of await caches.keys()) {
    const cache = await caches.open(name);
    for (const request of await cache.keys()) {
      if (!request.url.endsWith(`/${path}`)) continue;
      const bytes = new Uint8Array(await (await cache.match(request))!.arrayBuffer());
      bytes[7]! ^= 1;
      await cache.put(request, new Response(bytes));
    }
  }
}

export function cacheNames(): Promise<string[]> {
  return caches.keys();
}

export { forgetStoredModels, isModelStored };
