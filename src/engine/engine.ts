// What an engine is to whoever asks it, in the same thread or another: plain data in and out, which survives structuredClone.
// And what it is made of, which differs between a page, a worker and Node.
import type { AnalysisResult, BackendName, Notice, Query } from "../core/results.js";
import type { LoadedModel, LoadOptions } from "../model/index.js";
import type { OpenedImage, PreparedImage } from "../vision/index.js";
import type { NodeImageSource } from "../vision/node.js";
import type { ModelInfo, Progress } from "./analyzer.js";
import type { WasmFiles } from "./backends/backend.js";
import type { Products } from "./backends/fused/remember.js";

/** A photo on its way: as the page has prepared it, as a program in Node holds it, or why it could not be had. */
export type PhotoInput =
  | PreparedImage
  | { readonly kind: "node"; readonly source: NodeImageSource }
  | { readonly kind: "broken"; readonly code: string; readonly message: string };

export interface Job {
  readonly text: string;
  readonly photo: PhotoInput | null;
  /** A photo that cannot be read is an error, and not only a notice. */
  readonly strictPhoto: boolean;
  readonly queries: readonly Query[];
  readonly onlyQueries: boolean;
  readonly nested: boolean;
  /** Null: the model's own. */
  readonly threshold: number | null;
  /** Somebody listens for what is found before all is read. */
  readonly partials: boolean;
}

/** Hears what is found in the windows that are read so far, and their share. */
export type OnPartial = (result: AnalysisResult, fraction: number) => void;

/** What is known of an engine once it runs. */
export interface EngineInfo {
  /** Hash of the model's manifest: the same in every byte. */
  readonly release: string;
  readonly backend: BackendName;
  readonly model: ModelInfo;
  readonly notices: readonly Notice[];
}

export interface Engine {
  readonly info: EngineInfo;
  /**
   * The result with the time it waited left at 0: only the queue knows that. Settles, after an abort too, only when the
   * engine can take the next job.
   */
  analyze(job: Job, signal: AbortSignal, onPartial?: OnPartial): Promise<AnalysisResult>;
  dispose(): void;
}

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

export type StartEngine = (options: EngineOptions, events: EngineEvents, signal: AbortSignal) => Promise<Engine>;

/** What differs between a page, a worker and Node. */
export interface Environment {
  loadModel(
    address: string,
    options: Required<Pick<LoadOptions, "signal" | "onProgress" | "accept">>,
  ): Promise<LoadedModel>;
  openPhoto(photo: PhotoInput, signal: AbortSignal): Promise<OpenedImage>;
  readonly wasm: WasmFiles;
  /** Backends that `auto` tries, best first. */
  readonly order: readonly BackendName[];
  /** Script of a second worker, where another core may be had; null where not. */
  readonly helperScript: string | null;
}
