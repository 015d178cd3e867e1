// In Chromium: stands in front of every kernel of a backend and writes down how long it took and what it had to do. Only for
// backends that compute at once (wasm, cpu).
import { getKernelsForBackend, registerKernel, type TensorInfo, unregisterKernel } from "@tensorflow/tfjs-core";
import { kernelCost } from "../arithmetic/kernel-cost.js";

export interface KernelRecord {
  readonly kernel: string;
  readonly ms: number;
  readonly flops: number;
  readonly bytes: number;
}

/** Records until `stop`, which puts the kernels back. */
export function recordKernels(backendName: string): { readonly records: KernelRecord[]; stop(): void } {
  const records: KernelRecord[] = [];
  const kernels = getKernelsForBackend(backendName);
  for (const kernel of kernels) {
    unregisterKernel(kernel.kernelName, backendName);
    registerKernel({
      ...kernel,
      kernelFunc: (call) => {
        const begun = performance.now();
        const made = kernel.kernelFunc(call);
        const ms = performance.now() - begun;
        const outputs: TensorInfo[] = Array.isArray(made) ? made : [made];
        const inputs = call.inputs as Record<string, TensorInfo>;
        records.push({
          kernel: kernel.kernelName,
          ms,
          ...kernelCost(kernel.kernelName, inputs, outputs, call.attrs as Record<string, unknown>),
        });
        return made;
      },
    });
  }
  return {
    records,
    stop() {
      for (const kernel of kernels) {
        unregisterKernel(kernel.kernelName, backendName);
        registerKernel(kernel);
      }
    },
  };
}
