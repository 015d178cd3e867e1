// What is stored of models on the device, for tests to ask and to clear.
import { resolveFolder } from "../../src/model/address.js";
import { filesOf, type LoadOptions } from "../../src/model/load.js";
import { parseManifest } from "../../src/model/manifest.js";
import { deviceCaches, findStored, forgetStored } from "../../src/model/storage.js";

/** Whether a whole release of this address is on the device, so that it can be used offline. */
export async function isModelStored(
  model: string | URL,
  options: Pick<LoadOptions, "base" | "caches"> = {},
): Promise<boolean> {
  const caches = options.caches === undefined ? deviceCaches() : options.caches;
  const stored = await findStored(caches, resolveFolder(model, options.base).href);
  if (!stored) return false;
  try {
    const present = await Promise.all(filesOf(parseManifest(stored.manifest)).map(({ path }) => stored.has(path)));
    return present.every(Boolean);
  } catch {
    return false;
  }
}

/** Deletes all models stored on the device; returns how many releases there were. */
export function forgetStoredModels(caches: CacheStorage | null = deviceCaches()): Promise<number> {
  return forgetStored(caches);
}
