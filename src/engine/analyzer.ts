// The public face of the engine: what one asks of it and what it promises. Types only, so that the element can know
// the engine without loading it.
import type { AnalysisResult, BackendName, Capabilities, Notice, Query } from "../core/results.js";

export type { Capabilities, Query };

/** Anything a page may hold a photo in. A string is a URL. */
export type ImageInput = string | URL | Blob | ImageBitmap | ImageData | HTMLImageElement | HTMLCanvasElement;

export interface AnalyzeRequest {
  readonly text: string;
  readonly image?: ImageInput | null;
  /** Added to the model's own four queries; with `onlyQueries` they replace them. */
  readonly queries?: readonly Query[];
  readonly onlyQueries?: boolean;
  /** Keep overlapping spans of different types. */
  readonly nested?: boolean;
  /** Least calibrated score of a span, 0 to 1; the model's own when absent. */
  readonly threshold?: number;
  readonly crossOrigin?: "anonymous" | "use-credentials" | null;
  /**
   * A photo that cannot be read (any `image-…` fault) fails the request. Otherwise it becomes a notice, and the names are
   * still found, without places.
   */
  readonly strictPhoto?: boolean;
  /** Higher runs earlier (the element raises it for what is on screen). */
  readonly priority?: number;
  readonly signal?: AbortSignal;
  /** Most milliseconds that the work may take, waiting for others not counted; then it is stopped, and fails with `too-slow`. */
  readonly timeout?: number;
  /**
   * For texts of many windows: what is found in those that are read, again and again until the last, and the share that is
   * read. Not called for a text that is read at once.
   */
  readonly onPartial?: (result: AnalysisResult, fraction: number) => void;
}

/** One monotone figure from 0 to 1 over download, decoding, compiling and self-test. */
export interface Progress {
  readonly fraction: number;
  readonly stage: "manifest" | "download" | "decode" | "compile" | "self-test" | "ready";
  readonly loadedBytes: number;
  readonly totalBytes: number;
}

export interface AnalyzerOptions {
  /** URL of a model folder. */
  readonly model?: string | URL;
  readonly backend?: "auto" | BackendName;
  /**
   * Which system answers. Without `model` its folder is looked for beside the default one's (`models/systems/<name>/`); with
   * `model` it must be that model's.
   */
  readonly system?: string;
  readonly signal?: AbortSignal;
  readonly onProgress?: (progress: Progress) => void;
  /** Fallbacks taken, device lost and found again: never silent. */
  readonly onNotice?: (notice: Notice) => void;
  /** `auto` (the default) uses a worker when it can; `page` never does. */
  readonly run?: "auto" | "worker" | "page";
}

/** The loaded model and what its system can do. */
export interface ModelInfo {
  readonly name: string;
  readonly version: string;
  /** Name of the system the model is for, such as `mner-qg`. */
  readonly system: string;
  readonly capabilities: Capabilities;
  readonly queries: readonly Query[];
  readonly threshold: number;
}

export interface Analyzer {
  readonly backend: BackendName;
  readonly model: ModelInfo;
  analyze(request: AnalyzeRequest): Promise<AnalysisResult>;
  /** Frees weights, worker and cached photos once every holder has let go; further calls fail with `disposed`. */
  dispose(): void;
}
