// Reads a model folder from disk, with the same checks as over the network. For Node only; nothing in the page imports it.
import { open, readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { throwIfAborted } from "../core/abort.js";
import { invalid } from "../core/json.js";
import { MnerError } from "../core/mner-error.js";
import { checkBase, checkDepth, ofBase } from "./base.js";
import { MANIFEST_LIMITS } from "./limits.js";
import { assemble, filesOf, type LoadedFiles, type LoadedModel, type LoadOptions } from "./load.js";
import { MANIFEST_FILE, parseManifest } from "./manifest.js";
import type { BaseFolder, FileEntry } from "./manifest-types.js";
import { type LoadProgress, ProgressMeter } from "./progress.js";
import { sha256 } from "./sha256.js";

export interface FolderOptions {
  readonly signal?: AbortSignal;
  readonly onProgress?: (progress: LoadProgress) => void;
  readonly accept?: LoadOptions["accept"];
}

/** Loads a model folder by its path (or file: URL). */
export async function loadModelFolder(folder: string | URL, options: FolderOptions = {}): Promise<LoadedModel> {
  throwIfAborted(options.signal);
  const path = folder instanceof URL || folder.startsWith("file:") ? fileURLToPath(folder) : folder;
  return assemble(await readFiles(path, options, 0));
}

/** `depth`: how many add-ons lead here. */
async function readFiles(path: string, options: FolderOptions, depth: number): Promise<LoadedFiles> {
  checkDepth(depth);
  const { signal } = options;
  const bytes = await readManifest(join(path, MANIFEST_FILE), path);
  const manifest = parseManifest(bytes);
  await options.accept?.(manifest);
  const base = manifest.base && (await readBase(join(path, manifest.base.path), manifest.base, options, depth + 1));
  const meter = new ProgressMeter(options.onProgress ?? (() => {}));
  const entries = filesOf(manifest);
  meter.begin(entries.reduce((sum, entry) => sum + entry.bytes, 0));
  const files = new Map<string, Uint8Array>();
  for (const entry of entries) {
    throwIfAborted(signal);
    files.set(entry.path, await readVerified(join(path, entry.path), entry));
    meter.set(entry.path, entry.bytes);
  }
  throwIfAborted(signal);
  const release = { manifest, bytes, hash: await sha256(bytes), folder: new URL("file:///") };
  return { release, files, base, source: "folder", notices: [] };
}

async function readBase(path: string, base: BaseFolder, options: FolderOptions, depth: number): Promise<LoadedFiles> {
  const files = await readFiles(path, options, depth).catch((error: unknown) => {
    throw ofBase(error, base);
  });
  checkBase(base, files.release.hash);
  return files;
}

async function readManifest(file: string, folder: string): Promise<Uint8Array> {
  try {
    const { size } = await stat(file);
    if (size > MANIFEST_LIMITS.manifestBytes) throw invalid("the file", "is too large");
    return new Uint8Array(await readFile(file));
  } catch (error) {
    if (error instanceof MnerError) throw error;
    throw new MnerError(
      "model-not-found",
      `There is no readable ${MANIFEST_FILE} in "${folder}". Give the path of a model folder.`,
      { cause: error },
    );
  }
}

async function readVerified(file: string, entry: FileEntry): Promise<Uint8Array> {
  const bytes = new Uint8Array(entry.bytes);
  let length: number;
  try {
    const handle = await open(file);
    try {
      const { size } = await handle.stat();
      if (size > entry.bytes) throw corrupt(entry, "is longer than the manifest says");
      ({ bytesRead: length } = await handle.read(bytes, 0, entry.bytes, 0));
    } finally {
      await handle.close();
    }
  } catch (error) {
    if (error instanceof MnerError) throw error;
    throw new MnerError(
      "model-shard-missing",
      `${entry.path} cannot be read although the model's manifest names it. Copy the whole model folder again.`,
      { cause: error },
    );
  }
  if (length < entry.bytes) {
    throw new MnerError(
      "model-shard-truncated",
      `${entry.path} ends after ${length} of ${entry.bytes} bytes. Copy the whole model folder again.`,
    );
  }
  if ((await sha256(bytes)) !== entry.sha256) throw corrupt(entry, "does not have the hash that the manifest says");
  return bytes;
}

function corrupt(entry: FileEntry, how: string): MnerError {
  return new MnerError(
    "model-shard-corrupt",
    `${entry.path} ${how}: it was damaged, changed, or belongs to another release. Copy the whole model folder again.`,
  );
}
