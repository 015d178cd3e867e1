// Reads a model folder on disk back, one tensor at a time, with every shard's length and hash checked: proof that what was
// written can be read, without holding a model that may be larger than memory.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { MnerError } from "../../core/mner-error.js";
import {
  MANIFEST_FILE,
  type ModelManifest,
  openWeights,
  parseManifest,
  sha256,
  type TensorEntry,
} from "../../model/index.js";

/** Shards kept at a time: neighbouring tensors share one. */
const KEPT_SHARDS = 2;

export interface FolderReader {
  readonly manifest: ModelManifest;
  readTensor(entry: TensorEntry): Promise<Float32Array>;
}

/** Reads a file of the folder, or says which one is missing. */
export function readFolderFile(folder: string, path: string): Uint8Array {
  try {
    return new Uint8Array(readFileSync(join(folder, path)));
  } catch (error) {
    const code = path === MANIFEST_FILE ? "model-not-found" : "model-shard-missing";
    throw new MnerError(code, `${join(folder, path)} cannot be read. Check the model folder, or convert it again.`, {
      cause: error,
    });
  }
}

export function openFolder(folder: string): FolderReader {
  const manifest = parseManifest(readFolderFile(folder, MANIFEST_FILE));
  const kept = new Map<number, Uint8Array>();
  const starts: number[] = [];
  let total = 0;
  for (const shard of manifest.shards) {
    starts.push(total);
    total += shard.bytes;
  }

  const readShard = async (index: number): Promise<Uint8Array> => {
    const before = kept.get(index);
    if (before !== undefined) return before;
    const { path, bytes, sha256: hash } = manifest.shards[index]!;
    const content = readFolderFile(folder, path);
    if (content.length !== bytes) {
      throw new MnerError(
        "model-shard-truncated",
        `${path} has ${content.length} bytes instead of ${bytes}. Convert it again.`,
      );
    }
    if ((await sha256(content)) !== hash) {
      throw new MnerError("model-shard-corrupt", `${path} does not match its hash. Convert the model again.`);
    }
    if (kept.size >= KEPT_SHARDS) kept.delete(kept.keys().next().value!);
    kept.set(index, content);
    return content;
  };

  return {
    manifest,
    async readTensor(entry) {
      const scaleEnd = entry.scaleOffset === undefined ? 0 : entry.scaleOffset + 4 * entry.shape[0]!;
      const end = Math.max(entry.offset + entry.bytes, scaleEnd, entry.offset + 1);
      const first = starts.findLastIndex((start) => start <= entry.offset);
      const last = starts.findLastIndex((start) => start < end);
      const parts: Uint8Array[] = [];
      for (let index = first; index <= last; index++) parts.push(await readShard(index));
      // The tensor as if these few shards were the whole stream.
      const base = starts[first]!;
      const moved = {
        ...entry,
        shard: 0,
        offset: entry.offset - base,
        scaleOffset: entry.scaleOffset === undefined ? undefined : entry.scaleOffset - base,
      };
      return openWeights(manifest.shards.slice(first, last + 1), parts, [moved]).read(entry.name).values;
    },
  };
}
