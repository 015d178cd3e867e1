// What the engine needs to know of a backend that has been opened, whichever it is.
import type { BackendName } from "../../core/results.js";

export interface OpenBackend {
  readonly name: BackendName;
  /** For people: "2 threads", the adapter's name. */
  readonly detail: string;
  /** Cores that it computes on; 0 when it is a GPU. */
  readonly threads: number;
  /** Settles with the reason when the device is gone; never for backends that cannot lose one. */
  readonly lost: Promise<string>;
  /** Frees the device and every tensor still on it. */
  close(): void;
}

/** The WebAssembly binary, compiled: how it is found differs between a page, a worker and Node. */
export interface WasmFiles {
  compile(threaded: boolean): Promise<WebAssembly.Module>;
  /** Threads the backend may use; 1 where the page is not cross-origin isolated. */
  threads(): Promise<number>;
}

export interface OpenOptions {
  readonly wasm: WasmFiles;
  /** Whether a software rasteriser will do: only when the caller named this backend, since wasm is faster. */
  readonly allowSoftware: boolean;
}

/** Names of rasterisers that run on the processor, where WebAssembly does better. */
export const SOFTWARE_GPU = /swiftshader|llvmpipe|lavapipe|softpipe|basic render|software/i;

export const NEVER_LOST: Promise<string> = new Promise(() => {});
