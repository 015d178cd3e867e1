// A request as it travels: plain data that survives structuredClone, so that it can cross into a worker. And what the
// engine is made of, which differs between a page, a worker and Node.

import type { LoadedModel, LoadProgress } from "../model/index.js";
import type { Letterbox } from "../vision/index.js";
import type { Query } from "./analyzer.js";
import type { WasmFiles } from "./backends/backend.js";
import type { BackendName, Notice } from "./results.js";

/** A photo in a form that both sides of a worker know. */
export type PhotoInput =
  | { readonly kind: "url"; readonly url: string; readonly credentials: "omit" | "same-origin" | "include" }
  | { readonly kind: "blob"; readonly blob: Blob }
  | { readonly kind: "bitmap"; readonly bitmap: ImageBitmap }
  | { readonly kind: "pixels"; readonly pixels: ImageData }
  | { readonly kind: "bytes"; readonly bytes: Uint8Array };

export interface Job {
  readonly text: string;
  readonly photo: PhotoInput | null;
  readonly queries: readonly Query[];
  readonly onlyQueries: boolean;
  readonly nested: boolean;
  /** Null: the model's own. */
  readonly threshold: number | null;
}

/** A photo whose content is known but not yet decoded: a cached one never needs to be. */
export interface OpenedPhoto {
  /** Equal for equal content. */
  readonly key: string;
  /** As the network wants it. */
  decode(input: PhotoNeeds): Promise<DecodedPhoto>;
}

export interface PhotoNeeds {
  readonly size: number;
  readonly mean: readonly number[];
  readonly std: readonly number[];
  readonly signal: AbortSignal;
}

export interface DecodedPhoto {
  readonly letterbox: Letterbox;
  /** NHWC [1, size, size, 3], normalised. */
  readonly pixels: Float32Array;
}

export interface Surroundings {
  loadModel(
    address: string,
    options: { signal: AbortSignal; onProgress: (progress: LoadProgress) => void },
  ): Promise<LoadedModel>;
  openPhoto(photo: PhotoInput, signal: AbortSignal): Promise<OpenedPhoto>;
  readonly wasm: WasmFiles;
  /** Backends that `auto` tries, best first. */
  readonly order: readonly BackendName[];
}

/** What is known of an engine once it runs. */
export interface EngineInfo {
  readonly backend: BackendName;
  readonly model: {
    readonly name: string;
    readonly version: string;
    readonly queries: readonly Query[];
    readonly threshold: number;
  };
  readonly notices: readonly Notice[];
}
