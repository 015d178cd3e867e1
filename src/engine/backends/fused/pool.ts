// Starts threads that help with kernels: workers on the same memory.
import { type KernelModule, startKernels } from "./kernel-module.js";
import { boardAt, type Runner, serve, sharedRunner } from "./runner.js";

/** What a worker is sent to become such a thread. */
export interface ThreadStart {
  readonly type: "thread";
  readonly module: WebAssembly.Module;
  readonly memory: WebAssembly.Memory;
  readonly board: number;
  readonly slot: number;
}

/** One word comes back when it is ready. */
export const READY = "thread-ready";
/** A worker that has not answered by then is taken for forbidden. */
const ANSWER_MS = 10_000;

export interface PoolParts {
  readonly module: WebAssembly.Module;
  readonly memory: WebAssembly.Memory;
  readonly kernels: KernelModule;
  /** Address of BOARD_BYTES of memory that is nobody else's. */
  readonly board: number;
  readonly threads: number;
  startThread(): Worker;
}

/** A runner over so many threads, this one among them; rejects when they cannot be had. */
export async function openPool(parts: PoolParts): Promise<Runner> {
  const { module, memory, kernels, board, threads } = parts;
  const workers: Worker[] = [];
  const close = (): void => workers.forEach((worker) => void worker.terminate());
  const starting = Array.from({ length: threads - 1 }, (_, index) => {
    const worker = parts.startThread();
    workers.push(worker);
    const start: ThreadStart = { type: "thread", module, memory, board, slot: index + 1 };
    return readiness(worker, start);
  });
  try {
    await Promise.all(starting);
  } catch (error) {
    close();
    throw error;
  }
  return sharedRunner(kernels, boardAt(memory.buffer as unknown as SharedArrayBuffer, board), threads, close);
}

function readiness(worker: Worker, start: ThreadStart): Promise<void> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error("A thread did not answer.")), ANSWER_MS);
    worker.onerror = (event) => {
      event.preventDefault?.();
      clearTimeout(timer);
      reject(new Error(`A thread could not be started: ${event.message || "no reason given"}`));
    };
    worker.onmessage = ({ data }: MessageEvent<unknown>) => {
      if (data !== READY) return;
      clearTimeout(timer);
      resolve();
    };
    worker.postMessage(start);
  });
}

/** In the worker: answers, then works until it is ended. */
export async function beThread({ module, memory, board, slot }: ThreadStart, answer: () => void): Promise<never> {
  const kernels = await startKernels(module, memory);
  answer();
  return serve(kernels, boardAt(memory.buffer as unknown as SharedArrayBuffer, board), slot);
}
