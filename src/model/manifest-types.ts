// What a model folder's manifest.json says, as types. The checks that make them true are in manifest.ts.
import type { Json } from "./json-checks.js";

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

export interface TextConfig {
  readonly layers: number;
  readonly width: number;
  readonly heads: number;
  readonly feedForward: number;
  readonly vocabulary: number;
  readonly positions: number;
  readonly segments: number;
  readonly shapes: number;
  readonly normEpsilon: number;
}

export type ImageTrunkKind = "csp-darknet-pan" | "darknet53-fpn";

export interface ImageConfig {
  readonly kind: ImageTrunkKind;
  /** Side of the square the photo is letterboxed to. */
  readonly size: number;
  readonly mean: readonly number[];
  readonly std: readonly number[];
  /** Channels and strides of the trunk's three maps, coarsest first. */
  readonly channels: readonly number[];
  readonly strides: readonly number[];
}

/** A question of the model's own. */
export interface QueryEntry {
  readonly label: string;
  readonly query: string;
}

/** The network's sizes. Keys that this version does not know are kept as they are. */
export interface ModelConfig {
  readonly size: string;
  readonly text: TextConfig;
  readonly image: ImageConfig;
  readonly width: number;
  readonly attentionHeads: number;
  /** Whether the query-conditioned maps mix channels only in their 1×1 layers; full convolutions when absent or false. */
  readonly depthwise?: boolean;
  /** [scale][anchor] = [width, height] in input pixels. */
  readonly anchors: readonly (readonly (readonly [number, number])[])[];
  readonly maxSpanWords: number;
  readonly maxPieces: number;
  readonly queries?: readonly QueryEntry[];
  readonly decode?: Readonly<Record<string, Json>>;
}

/** Turns a logit into a probability: sigmoid(a · logit + b). */
export interface LogisticCalibration {
  readonly a: number;
  readonly b: number;
}

export interface Calibration {
  readonly spanThreshold: number;
  readonly span: LogisticCalibration;
  readonly none: LogisticCalibration;
}

/** A known input and the output it must give on every backend. */
export interface SelfTest {
  readonly input: Readonly<Record<string, Json>>;
  readonly output: Readonly<Record<string, Json>>;
}

export interface ModelManifest {
  readonly format: "mner-qg-model";
  readonly formatVersion: 1;
  readonly name: string;
  readonly version: string;
  readonly licence: string;
  readonly created: string;
  readonly config: ModelConfig;
  readonly tokenizer: { readonly files: readonly FileEntry[] };
  readonly queries: readonly QueryEntry[];
  readonly metrics: Readonly<Record<string, Json>>;
  readonly calibration: Calibration;
  /** Null when whoever made the folder could not run the network (a converted checkpoint, for instance). */
  readonly selfTest: SelfTest | null;
  readonly shards: readonly FileEntry[];
  readonly tensors: readonly TensorEntry[];
}
