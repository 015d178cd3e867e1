// Keeps verified files on the device (Cache API), one cache per release, so that two releases can never mix. Where the
// browser refuses storage, files are kept in memory until the load is complete, and the caller is told once.
import { MnerError } from "../core/mner-error.js";
import { isSafePath, MANIFEST_FILE } from "./manifest.js";
import type { ModelManifest } from "./manifest-types.js";
import { sha256 } from "./sha256.js";

/** Something the reader should know that did not stop the load. */
export interface ModelNotice {
  readonly code: string;
  readonly message: string;
}

/** The place of one release's files. None of these fail: storage is a help, never a condition. */
export interface ReleaseStore {
  get(path: string): Promise<Uint8Array | null>;
  put(path: string, bytes: Uint8Array): Promise<void>;
  remove(path: string): Promise<void>;
  /** Marks the release as whole, and drops what it replaces. */
  complete(): Promise<void>;
}

/** What identifies a release on the device. */
export interface ReleaseKey {
  readonly name: string;
  readonly version: string;
  readonly hash: string;
}

/** All caches of this library begin so; the number changes when their layout does. */
const PREFIX = "mner-qg-model/1/";
/** Keys must look like URLs; nothing is ever fetched from here. */
const KEY_BASE = "https://model.mner-qg.invalid/";
const MARKER = ".release";
/** A release of another address goes when nobody has used it for so long. */
const UNUSED_MS = 30 * 24 * 3600 * 1000;
const DAY_MS = 24 * 3600 * 1000;
/** Storage that is cleared while it is used may never answer; it is then taken for one that may not be touched. */
const ANSWER_MS = 10_000;

class Silence extends Error {}

function inTime<T>(work: Promise<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new Silence("The storage does not answer.")), ANSWER_MS);
    work.then(resolve, reject).finally(() => clearTimeout(timer));
  });
}

interface Marker {
  readonly folders: readonly string[];
  readonly complete: boolean;
  readonly usedAt: number;
}

const memory = new Map<string, Map<string, Uint8Array>>();

/** The browser's cache storage, or null where there is none or it may not be touched. */
export function deviceCaches(): CacheStorage | null {
  try {
    return globalThis.caches ?? null;
  } catch {
    return null; // reading the property throws in sandboxed frames
  }
}

export function releaseKey(manifest: ModelManifest, hash: string): ReleaseKey {
  return { name: manifest.name, version: manifest.version, hash };
}

/** Opens the store of a release that was asked for at `folder`. */
export async function openStore(
  caches: CacheStorage | null,
  key: ReleaseKey,
  folder: string,
  onNotice: (notice: ModelNotice) => void,
): Promise<ReleaseStore> {
  const name = cacheName(key);
  const held = memory.get(name) ?? new Map<string, Uint8Array>();
  let cache: Cache | null = null;
  /** After the first refusal nothing more is stored; what is already there is still read. */
  let refused = caches === null;
  const refuse = (error: unknown): void => {
    if (!refused) onNotice(storageNotice(error));
    refused = true;
  };
  /** Whoever has kept silent once is not waited for again. */
  let silent = false;
  const ask = async <T>(work: () => Promise<T>): Promise<T> => {
    if (silent) throw new Silence();
    try {
      return await inTime(work());
    } catch (error) {
      silent ||= error instanceof Silence;
      throw error;
    }
  };
  const mark = async (complete: boolean): Promise<void> => {
    const before = await readMarker(cache!);
    const whole = complete || (before?.complete ?? false);
    if (before?.complete === whole && before.folders.includes(folder) && Date.now() - before.usedAt < DAY_MS) return;
    const folders = [...new Set([...(before?.folders ?? []), folder])].slice(-20);
    const marker: Marker = { folders, complete: whole, usedAt: Date.now() };
    await cache!.put(KEY_BASE + MARKER, new Response(JSON.stringify(marker)));
  };
  try {
    cache = (await ask(async () => caches?.open(name))) ?? null;
    if (cache) await ask(() => mark(false));
  } catch (error) {
    refuse(error);
  }
  return {
    get: async (path) => {
      const kept = held.get(path);
      if (kept) return kept;
      try {
        return cache ? await ask(() => readBytes(cache!, path)) : null;
      } catch {
        return null; // unreadable is as good as absent: it is fetched again
      }
    },
    put: async (path, bytes) => {
      if (!refused) {
        try {
          await ask(() => cache!.put(KEY_BASE + path, new Response(bytes as Uint8Array<ArrayBuffer>)));
          return;
        } catch (error) {
          refuse(error);
        }
      }
      held.set(path, bytes);
      // For a load that is tried again; of one release only, since memory is dearer than a download.
      memory.clear();
      memory.set(name, held);
    },
    remove: async (path) => {
      held.delete(path);
      await ask(async () => cache?.delete(KEY_BASE + path)).catch(() => false);
    },
    complete: async () => {
      memory.delete(name);
      if (refused) return;
      try {
        await ask(() => mark(true));
        await ask(() => dropReplaced(caches!, key, folder));
      } catch (error) {
        refuse(error);
      }
    },
  };
}

/** The newest whole release stored for a folder's address: its name in storage and its manifest. */
export async function findStored(
  caches: CacheStorage | null,
  folder: string,
): Promise<{ readonly manifest: Uint8Array; readonly has: (path: string) => Promise<boolean> } | null> {
  if (!caches) return null;
  // What cannot be read, or not in time, is as good as absent.
  return inTime(findIn(caches, folder)).catch(() => null);
}

async function findIn(caches: CacheStorage, folder: string): ReturnType<typeof findStored> {
  let best: { name: string; cache: Cache; usedAt: number } | null = null;
  for (const name of await caches.keys()) {
    if (!name.startsWith(PREFIX)) continue;
    const cache = await caches.open(name);
    const marker = await readMarker(cache);
    if (!marker?.complete || !marker.folders.includes(folder)) continue;
    if (!best || marker.usedAt > best.usedAt) best = { name, cache, usedAt: marker.usedAt };
  }
  const manifest = best ? await readBytes(best.cache, MANIFEST_FILE) : null;
  // The manifest vouches for all other files, and the cache's name for the manifest.
  if (!best || !manifest || !best.name.endsWith(`/${await sha256(manifest)}`)) return null;
  const { cache } = best;
  return { manifest, has: async (path) => isSafePath(path) && (await cache.match(KEY_BASE + path)) !== undefined };
}

/** Deletes every stored model, also what is held in memory; returns how many releases were stored. */
export async function forgetStored(caches: CacheStorage | null): Promise<number> {
  memory.clear();
  try {
    const names = ((await caches?.keys()) ?? []).filter((name) => name.startsWith(PREFIX));
    for (const name of names) await caches!.delete(name);
    return names.length;
  } catch (error) {
    throw new MnerError(
      "storage-unavailable",
      "The browser does not let this page touch its storage. Clear the site's data in the browser's settings instead.",
      { cause: error },
    );
  }
}

function cacheName({ name, version, hash }: ReleaseKey): string {
  return `${PREFIX}${name}/${version}/${hash}`;
}

async function readBytes(cache: Cache, path: string): Promise<Uint8Array | null> {
  const response = await cache.match(KEY_BASE + path);
  return response ? new Uint8Array(await response.arrayBuffer()) : null;
}

async function readMarker(cache: Cache): Promise<Marker | null> {
  const response = await cache.match(KEY_BASE + MARKER);
  if (!response) return null;
  const value = (await response.json().catch(() => null)) as Partial<Marker> | null;
  if (!value || !Array.isArray(value.folders) || typeof value.usedAt !== "number") return null;
  return { folders: value.folders, complete: value.complete === true, usedAt: value.usedAt };
}

/**
 * Drops other releases of the same model: those of the same address, which this one replaces, and those of other
 * addresses that nobody has used for a month. A page may hold two versions at two addresses and keep both.
 */
async function dropReplaced(caches: CacheStorage, key: ReleaseKey, folder: string): Promise<void> {
  const own = cacheName(key);
  for (const name of await caches.keys()) {
    if (name === own || !name.startsWith(`${PREFIX}${key.name}/`)) continue;
    const marker = await readMarker(await caches.open(name));
    const unused = !marker || Date.now() - marker.usedAt > UNUSED_MS;
    if (unused || marker.folders.includes(folder)) await caches.delete(name);
  }
}

function storageNotice(error: unknown): ModelNotice {
  const full = error instanceof Error && error.name === "QuotaExceededError";
  return full
    ? {
        code: "storage-full",
        message: "The device's storage is full: the model works, but will be downloaded again next time.",
      }
    : {
        code: "storage-unavailable",
        message:
          "The browser does not let this page store files: the model works, but will be downloaded again next time.",
      };
}
