// TensorFlow.js' core as this project uses it: the engine, its flags and a platform of our own. The stock platforms bring
// file stores that nothing here needs, and one for Node that only works in CommonJS.
import "@tensorflow/tfjs-core/dist/flags.js";
import { buffer, cast, clone, env, getKernel, type KernelConfig, registerKernel } from "@tensorflow/tfjs-core";
import { setOpHandler } from "@tensorflow/tfjs-core/dist/tensor.js";

const platform = {
  fetch: (path: string, init?: RequestInit): Promise<Response> => fetch(path, init),
  now: (): number => performance.now(),
  encode: (text: string): Uint8Array => new TextEncoder().encode(text),
  decode: (bytes: Uint8Array, encoding: string): string => new TextDecoder(encoding).decode(bytes),
  setTimeoutCustom: (action: () => void, delay: number): void => void setTimeout(action, delay),
  isTypedArray: (value: unknown): boolean =>
    value instanceof Float32Array ||
    value instanceof Int32Array ||
    value instanceof Uint8Array ||
    value instanceof Uint8ClampedArray,
};

let prepared = false;

/** To be called before any tensor is made, with the kernels of the backend that is to come. */
export function prepareCore(kernels: readonly KernelConfig[]): void {
  for (const kernel of kernels) {
    if (!getKernel(kernel.kernelName, kernel.backendName)) registerKernel(kernel);
  }
  if (prepared) return;
  prepared = true;
  // Else the cpu backend advertises another package on the console.
  env().set("IS_NODE", false);
  env().setPlatform("mner-qg", platform as unknown as Parameters<ReturnType<typeof env>["setPlatform"]>[1]);
  // Tensors call back into a few operations; printing is not one that a library needs.
  setOpHandler({ buffer, cast, clone, print: () => {} } as unknown as Parameters<typeof setOpHandler>[0]);
}
