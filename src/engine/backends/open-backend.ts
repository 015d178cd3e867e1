// Opens backends by name, each in a chunk of its own, shares them between the engines of one thread, and lets only one
// engine compute at a time: TensorFlow.js has one current backend per thread.
import { getBackend, setBackend } from "@tensorflow/tfjs-core";
import type { BackendName } from "../../core/results.js";
import { Share } from "../../core/share.js";
import type { OpenBackend, OpenOptions } from "./backend.js";
import { findGpuAdapter } from "./gpu-adapter.js";

const openers: Readonly<Record<BackendName, (options: OpenOptions) => Promise<OpenBackend>>> = {
  webgpu: async ({ allowSoftware }) => {
    const adapter = await findGpuAdapter(allowSoftware);
    return (await import("./webgpu.js")).openWebgpu(adapter);
  },
  webgl: async (options) => (await import("./webgl.js")).openWebgl(options),
  wasm: async (options) => (await import("./wasm.js")).openWasm(options),
  cpu: async () => (await import("./cpu.js")).openCpu(),
};

const opened = new Share<OpenBackend>((backend) => backend.close());

/** Opens a backend, or joins those who use it already. `close` closes it when the last of them has. */
export async function openBackend(name: BackendName, options: OpenOptions): Promise<OpenBackend> {
  const lease = await opened.hold({
    key: [name],
    make: async () => {
      const backend = await openers[name](options);
      // Whoever comes after a loss must get a fresh device, however many still hold the dead one.
      void backend.lost.then(() => opened.forget(backend));
      return backend;
    },
  });
  return { ...lease.value, close: () => lease.release() };
}

let turn: Promise<unknown> = Promise.resolve();

/** Runs work on tensors when no other engine of this thread does. */
export function whenFree<T>(work: () => Promise<T>): Promise<T> {
  const result = turn.then(work);
  turn = result.catch(() => {});
  return result;
}

/** Makes a backend the current one again, after time in which another may have been. */
export function selectBackend(name: BackendName): void {
  // For a backend that is open this takes effect before the first await.
  if (getBackend() !== name) void setBackend(name);
}
