// A file of TensorFlow.js' wasm backend that comes without types.
declare module "@tensorflow/tfjs-backend-wasm/wasm-out/tfjs-backend-wasm.js";

// Made by the build out of kernels.ts: the kernels of the backend that stands at the end.
declare module "mner-qg:kernels/*" {
  import type { KernelConfig } from "@tensorflow/tfjs-core";

  const kernels: readonly KernelConfig[];
  export default kernels;
}
