// What the engine needs to know of a backend that has been opened, whichever it is.
import type { BackendName } from "../../core/results.js";
import type { Products } from "./fused/remember.js";

export interface OpenBackend {
  readonly name: BackendName;
  /** For people: "2 threads", the adapter's name. */
  readonly detail: string;
  /** Cores that it computes on; 0 when it is a GPU. */
  readonly threads: number;
  /** How it multiplies linear layers of eight bits, where it has several ways. */
  readonly products?: Products;
  /**
   * Where programs have to be compiled for a device: all that some work will run, side by side and without holding up the
   * thread. The work is done without computing anything. `told` hears how much is done, 0 to 1.
   */
  readonly compileAhead?: (work: () => Promise<unknown>, told: (done: number) => void) => Promise<void>;
  /** Settles with the reason when the device is gone; never for backends that cannot lose one. */
  readonly lost: Promise<string>;
  /** Frees the device and every tensor still on it. */
  close(): void;
}

/** The WebAssembly binary and what goes with it: how they are found differs between a page, a worker and Node. */
export interface WasmFiles {
  compile(): Promise<WebAssembly.Module>;
  /** The same as bytes, which are changed before they are compiled where threads share its memory. */
  read(): Promise<Uint8Array>;
  /** Threads the backend may use; 1 where the page is not cross-origin isolated. */
  threads(): number;
  /** A worker that hears a thread's first message, where any may be started. */
  readonly startThread: (() => Worker) | null;
  /** How linear layers of eight bits are multiplied, where it is not left to a race. */
  readonly products?: Products;
}

export interface OpenOptions {
  readonly wasm: WasmFiles;
  /** Whether a software rasteriser will do: only when the caller named this backend, since wasm is faster. */
  readonly allowSoftware: boolean;
}

/** Names of rasterisers that run on the processor, where WebAssembly does better. */
export const SOFTWARE_GPU = /swiftshader|llvmpipe|lavapipe|softpipe|basic render|software/i;

export const NEVER_LOST: Promise<string> = new Promise(() => {});
