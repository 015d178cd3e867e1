// Files of TensorFlow.js' wasm backend that come without types.
declare module "@tensorflow/tfjs-backend-wasm/wasm-out/tfjs-backend-wasm.js";
declare module "@tensorflow/tfjs-backend-wasm/wasm-out/tfjs-backend-wasm-threaded-simd.js";
declare module "@tensorflow/tfjs-backend-wasm/wasm-out/tfjs-backend-wasm-threaded-simd.worker.js" {
  export const wasmWorkerContents: string;
}
