// A request as it travels: plain data that survives structuredClone, so that it can cross into a worker. And what the
// engine is made of, which differs between a page, a worker and Node.

import type { LoadedModel, LoadProgress } from "../model/index.js";
import type { Letterbox, OpenedImage, PreparedImage } from "../vision/index.js";
import type { NodeImageSource } from "../vision/node.js";
import type { Progress, Query } from "./analyzer.js";
import type { WasmFiles } from "./backends/backend.js";
import type { Products } from "./backends/fused/remember.js";
import type { BackendName, Notice } from "./results.js";

/** A photo on its way: as the page has prepared it, or as a program in Node holds it. */
export type PhotoInput = PreparedImage | { readonly kind: "node"; readonly source: NodeImageSource };

export interface EngineOptions {
  readonly model: string;
  readonly backend: "auto" | BackendName;
  /** As another engine of this device multiplies, so that both give the same numbers; found out by a race when absent. */
  readonly products?: Products;
}

export interface EngineEvents {
  onProgress(progress: Progress): void;
  onNotice(notice: Notice): void;
}

export interface Job {
  readonly text: string;
  readonly photo: PhotoInput | null;
  readonly queries: readonly Query[];
  readonly onlyQueries: boolean;
  readonly nested: boolean;
  /** Null: the model's own. */
  readonly threshold: number | null;
}

export interface DecodedPhoto {
  readonly letterbox: Letterbox;
  /** NHWC [1, size, size, 3], normalised. */
  readonly pixels: Float32Array;
  readonly notices: readonly Notice[];
}

export interface Surroundings {
  loadModel(
    address: string,
    options: { signal: AbortSignal; onProgress: (progress: LoadProgress) => void },
  ): Promise<LoadedModel>;
  openPhoto(photo: PhotoInput, signal: AbortSignal): Promise<OpenedImage>;
  readonly wasm: WasmFiles;
  /** Backends that `auto` tries, best first. */
  readonly order: readonly BackendName[];
  /** Script of a second worker, where another core may be had; null where not. */
  readonly helperScript: string | null;
}

/** What is known of an engine once it runs. */
export interface EngineInfo {
  /** Hash of the model's manifest: the same in every byte. */
  readonly release: string;
  readonly backend: BackendName;
  readonly model: {
    readonly name: string;
    readonly version: string;
    readonly queries: readonly Query[];
    readonly threshold: number;
  };
  readonly notices: readonly Notice[];
}
