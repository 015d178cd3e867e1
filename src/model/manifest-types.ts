// What a model folder's manifest.json says, as types. The checks that make them true are in manifest.ts.
import type { Json } from "../core/json.js";
import type { Query } from "../core/results.js";

/** What only its reader understands: checked there. */
export type FreeForm = Readonly<Record<string, Json>>;

/** A file of the folder, told by name, length and SHA-256 (lower-case hexadecimal). */
export interface FileEntry {
  readonly path: string;
  readonly bytes: number;
  readonly sha256: string;
}

export type TensorEncoding = "int8" | "float16" | "float32";

/** A tensor's place in the one byte stream that all shards make in order; it may straddle shards. */
export interface TensorEntry {
  readonly name: string;
  /** PyTorch's layout: linear [out, in], convolution [out, in, height, width]. */
  readonly shape: readonly number[];
  readonly encoding: TensorEncoding;
  /** The shard that holds its first byte. */
  readonly shard: number;
  /** Absolute in the stream, a multiple of 4. */
  readonly offset: number;
  readonly bytes: number;
  /** int8 only: absolute place of shape[0] float32 scales, a multiple of 4. */
  readonly scaleOffset?: number;
}

/** The folder whose weights and tokenizer an add-on takes what it does not bring itself from. */
export interface BaseFolder {
  /** From this folder to that one, such as `../../mner-qg-mini/`. */
  readonly path: string;
  /** SHA-256 of its manifest.json: it stands for every byte of it. */
  readonly release: string;
}

/** A known input and the output it must give on every backend. */
export interface SelfTest {
  readonly input: FreeForm;
  readonly output: FreeForm;
}

export interface ModelManifest {
  readonly format: "mner-qg-model";
  readonly formatVersion: 2;
  /** Which network and decoding the weights are for; a name of the systems' registry. */
  readonly system: string;
  readonly name: string;
  readonly version: string;
  readonly licence: string;
  readonly created: string;
  /** The network's sizes and what decoding needs, as the system reads them. */
  readonly config: FreeForm;
  /** Null for a folder that stands alone. */
  readonly base: BaseFolder | null;
  /** No files where the base's are meant. */
  readonly tokenizer: { readonly files: readonly FileEntry[] };
  readonly queries: readonly Query[];
  readonly metrics: FreeForm;
  /** How scores become probabilities, as the system reads it. */
  readonly calibration: FreeForm;
  /** Null when whoever made the folder could not run the network (a converted checkpoint, for instance). */
  readonly selfTest: SelfTest | null;
  readonly shards: readonly FileEntry[];
  readonly tensors: readonly TensorEntry[];
}
