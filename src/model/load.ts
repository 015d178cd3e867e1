// Loads a model folder over the network or from the device: one release, every byte verified, in parallel, resumable.
import { throwIfAborted } from "../core/abort.js";
import { isMnerError, MnerError } from "../core/mner-error.js";
import { Share } from "../core/share.js";
import { resolveFolder } from "./address.js";
import { checkBase, checkDepth, ofBase } from "./base.js";
import { type FetchContext, fetchFile } from "./fetch-file.js";
import { fetchManifest, type Release } from "./fetch-manifest.js";
import { MANIFEST_FILE, parseManifest } from "./manifest.js";
import type { FileEntry, ModelManifest } from "./manifest-types.js";
import { type LoadProgress, ProgressMeter } from "./progress.js";
import { RETRY_RULE, type RetryRule } from "./retry.js";
import { sha256 } from "./sha256.js";
import { deviceCaches, findStored, type ModelNotice, openStore, type ReleaseStore, releaseKey } from "./storage.js";
import { openWeights, type Weights, weightsOver } from "./weights.js";

/** A model folder, read and verified. */
export interface LoadedModel {
  readonly manifest: ModelManifest;
  /** SHA-256 of manifest.json: two models with the same are the same in every byte. */
  readonly release: string;
  /** The tokenizer's files by their path in the folder. */
  readonly tokenizerFiles: ReadonlyMap<string, Uint8Array>;
  readonly weights: Weights;
  readonly source: "network" | "device" | "folder";
  readonly notices: readonly ModelNotice[];
}

export interface LoadOptions {
  readonly signal?: AbortSignal;
  readonly onProgress?: (progress: LoadProgress) => void;
  /** Files fetched at once. */
  readonly concurrency?: number;
  readonly retry?: Partial<RetryRule>;
  /** Where a relative address starts; the page's own address when absent. */
  readonly base?: string;
  /** For tests and Node; the platform's own when absent. `caches: null` keeps nothing. */
  readonly fetch?: typeof fetch;
  readonly caches?: CacheStorage | null;
  /** Rejects a manifest that the caller cannot use, before any other file is fetched. */
  readonly accept?: (manifest: ModelManifest) => Promise<void>;
}

/** Where a model comes from. */
interface Source {
  readonly folder: URL;
  readonly context: FetchContext;
  readonly caches: CacheStorage | null;
  readonly accept: (manifest: ModelManifest) => Promise<void>;
  readonly openBase: (folder: URL) => Promise<LoadedFiles>;
}

/** What loads share: plain data, out of which every caller gets weights of its own. */
export interface LoadedFiles {
  readonly release: Release;
  readonly files: ReadonlyMap<string, Uint8Array>;
  /** Of the folder that an add-on needs. */
  readonly base: LoadedFiles | null;
  readonly source: LoadedModel["source"];
  readonly notices: readonly ModelNotice[];
}

const CONCURRENCY = 4;
/** A folder that is being replaced while it is read is read anew this often. */
const MOST_RESTARTS = 2;
/** With a copy on the device, a silent server is not waited for. */
const STALL_WITH_COPY_MS = 5000;

/**
 * Loads the model folder at an address. Two loads of one address at once share the work; each may be aborted alone.
 * Redirects: the manifest must stay on its origin; other files may come from anywhere, since their hashes are known.
 */
export async function loadModel(model: string | URL, options: LoadOptions = {}): Promise<LoadedModel> {
  return assemble(await holdFiles(resolveFolder(model, options.base), options, 0));
}

/** `depth`: how many add-ons lead here. */
async function holdFiles(folder: URL, options: LoadOptions, depth: number): Promise<LoadedFiles> {
  checkDepth(depth);
  const fetcher = options.fetch ?? globalThis.fetch;
  const caches = options.caches === undefined ? deviceCaches() : options.caches;
  const toldNoStorage = options.caches === null;
  const accept = options.accept ?? acceptAll;
  const lease = await loads.hold({
    // Not shared between depths: folders that need each other would wait for each other.
    key: [folder.href, fetcher, caches, accept, depth],
    signal: options.signal,
    onEvent: options.onProgress,
    make: (signal, tell) => {
      const rule = { ...RETRY_RULE, ...options.retry };
      const meter = new ProgressMeter((progress) => tell(progress, true));
      const context = { fetch: fetcher, signal, rule };
      const baseOptions = { ...options, signal, onProgress: (progress: LoadProgress) => tell(progress, true) };
      const openBase = (base: URL): Promise<LoadedFiles> => holdFiles(base, baseOptions, depth + 1);
      const source = { folder, context, caches, accept, openBase };
      return loadFiles(source, toldNoStorage, meter, options.concurrency ?? CONCURRENCY);
    },
  });
  lease.release();
  return lease.value;
}

const loads = new Share<LoadedFiles, LoadProgress>(() => {});

const acceptAll = async (): Promise<void> => {};

/** The files that the manifest lists, small ones first, so that their faults show early. */
export function filesOf(manifest: ModelManifest): readonly FileEntry[] {
  return [...manifest.tokenizer.files, ...manifest.shards];
}

export function assemble({ release, files, base: baseFiles, source, notices }: LoadedFiles): LoadedModel {
  const { manifest, hash } = release;
  const base = baseFiles && assemble(baseFiles);
  const shards = manifest.shards.map(({ path }) => files.get(path)!);
  const weights = openWeights(manifest.shards, shards, manifest.tensors);
  const own = new Map(manifest.tokenizer.files.map(({ path }) => [path, files.get(path)!]));
  return {
    manifest,
    release: hash,
    tokenizerFiles: base && own.size === 0 ? base.tokenizerFiles : own,
    weights: base ? weightsOver(weights, base.weights) : weights,
    source: base?.source === "network" ? "network" : source,
    notices: [...notices, ...(base?.notices.filter(({ code }) => notices.every((own) => own.code !== code)) ?? [])],
  };
}

async function loadFiles(
  source: Source,
  toldNoStorage: boolean,
  meter: ProgressMeter,
  concurrency: number,
): Promise<LoadedFiles> {
  const { folder, context, caches } = source;
  const notices: ModelNotice[] = [];
  const notify = (notice: ModelNotice): void => {
    if (!notices.some(({ code }) => code === notice.code)) notices.push(notice);
  };
  if (caches === null && !toldNoStorage) notify(NO_STORAGE);
  /** Verified files by hash: what a replaced release shares with the new one is not fetched twice. */
  const verified = new Map<string, Uint8Array>();
  let { release, stored } = await findRelease(source, notify);
  for (let restart = 0; ; restart++) {
    const store = await openStore(caches, releaseKey(release.manifest, release.hash), folder.href, notify);
    try {
      const base = await loadBase(source, release);
      const run = { release, store, verified, context, meter, concurrency };
      const { files, fetched } = await collect(run);
      await store.put(MANIFEST_FILE, release.bytes);
      await store.complete();
      return { release, files, base, source: fetched ? "network" : "device", notices };
    } catch (error) {
      throwIfAborted(context.signal);
      if (stored && stored.hash !== release.hash && isUnreachable(error)) {
        // A new release is out, but cannot be had now: the old one is whole, and better than none.
        release = stored;
        stored = null;
        notify(FROM_DEVICE);
        continue;
      }
      if (restart >= MOST_RESTARTS || !mayBeReplaced(error)) throw error;
      // A file that does not fit may mean that a new release was published while this one was being read.
      const newer = await fetchManifest(folder, context, true).catch(() => null);
      throwIfAborted(context.signal);
      if (!newer || newer.hash === release.hash) throw error;
      await source.accept(newer.manifest);
      release = newer;
    }
  }
}

/** What an add-on needs comes first: most of the bytes are there, if they are not on the device already. */
async function loadBase({ openBase }: Source, { manifest: { base }, folder }: Release): Promise<LoadedFiles | null> {
  if (base === null) return null;
  const address = new URL(base.path, folder);
  address.search = folder.search;
  const loaded = await openBase(address).catch((error: unknown) => {
    throw ofBase(error, base);
  });
  checkBase(base, loaded.release.hash);
  return loaded;
}

const NO_STORAGE: ModelNotice = {
  code: "storage-unavailable",
  message: "This page may not store files (it is not served securely): the model will be downloaded again next time.",
};

const FROM_DEVICE: ModelNotice = {
  code: "model-from-device",
  message: "The model's server could not be reached; the copy on this device is used.",
};

/** The server's release, or the device's when the server cannot be reached; and the device's, should it be needed. */
async function findRelease(
  source: Source,
  notify: (notice: ModelNotice) => void,
): Promise<{ release: Release; stored: Release | null }> {
  const { folder, context } = source;
  const stored = await readStored(source);
  const rule = stored
    ? { ...context.rule, attempts: 1, stallMs: Math.min(context.rule.stallMs, STALL_WITH_COPY_MS) }
    : context.rule;
  let release: Release;
  try {
    release = await fetchManifest(folder, { ...context, rule });
  } catch (error) {
    throwIfAborted(context.signal);
    if (!stored || !isUnreachable(error)) throw error;
    notify(FROM_DEVICE);
    return { release: stored, stored: null };
  }
  await source.accept(release.manifest);
  return { release, stored };
}

/**
 * The release on the device. One that this version cannot read (it was stored by a newer one, which was then taken back)
 * counts as absent: the server has one that fits.
 */
async function readStored({ folder, caches, accept }: Source): Promise<Release | null> {
  const found = await findStored(caches, folder.href);
  if (!found) return null;
  try {
    const manifest = parseManifest(found.manifest);
    await accept(manifest);
    return { manifest, bytes: found.manifest, hash: await sha256(found.manifest), folder };
  } catch {
    return null;
  }
}

/** "Not a model" too: the sign-in page of a train's network answers for every address. */
function isUnreachable(error: unknown): boolean {
  return isMnerError(error) && ["offline", "model-network", "model-not-a-model"].includes(error.code);
}

interface Run {
  readonly release: Release;
  readonly store: ReleaseStore;
  readonly verified: Map<string, Uint8Array>;
  readonly context: FetchContext;
  readonly meter: ProgressMeter;
  readonly concurrency: number;
}

/** Gets all files, a few at a time; the first that cannot be had stops the others. */
async function collect(run: Run): Promise<{ files: Map<string, Uint8Array>; fetched: boolean }> {
  const { release, meter, context } = run;
  const queue = [...filesOf(release.manifest)];
  meter.begin(queue.reduce((sum, { bytes }) => sum + bytes, 0));
  const files = new Map<string, Uint8Array>();
  let fetched = false;
  const group = new AbortController();
  const onAbort = (): void => group.abort(context.signal.reason);
  context.signal.addEventListener("abort", onAbort);
  let failure: unknown;
  const worker = async (): Promise<void> => {
    for (let entry = queue.shift(); entry && !group.signal.aborted; entry = queue.shift()) {
      const kept = await fromStore(run, entry);
      const bytes =
        kept ??
        (await fetchFile(release.folder, entry, { ...context, signal: group.signal }, (loaded) =>
          meter.set(entry.path, loaded),
        ));
      run.verified.set(entry.sha256, bytes);
      if (!kept) {
        fetched = true;
        await run.store.put(entry.path, bytes);
      }
      files.set(entry.path, bytes);
      meter.set(entry.path, entry.bytes);
    }
  };
  const guarded = (): Promise<void> =>
    worker().catch((error: unknown) => {
      // Later errors are only the echo of stopping the others.
      if (!group.signal.aborted) failure = error;
      group.abort();
    });
  try {
    await Promise.all(Array.from({ length: Math.max(1, run.concurrency) }, guarded));
  } finally {
    context.signal.removeEventListener("abort", onAbort);
  }
  throwIfAborted(context.signal);
  if (failure) throw failure;
  return { files, fetched };
}

/** A stored file, if it still has its length and hash; a damaged one is thrown away, to be fetched again. */
async function fromStore({ store, verified }: Run, entry: FileEntry): Promise<Uint8Array | null> {
  const known = verified.get(entry.sha256);
  // The manifest may say the hash of one file and the length of another.
  if (known?.length === entry.bytes) return known;
  const bytes = await store.get(entry.path);
  if (!bytes) return null;
  if (bytes.length === entry.bytes && (await sha256(bytes)) === entry.sha256) return bytes;
  await store.remove(entry.path);
  return null;
}

function mayBeReplaced(error: unknown): boolean {
  return error instanceof MnerError && error.code.startsWith("model-shard-");
}
