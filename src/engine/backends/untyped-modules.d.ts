// A file of TensorFlow.js' wasm backend that comes without types.
declare module "@tensorflow/tfjs-backend-wasm/wasm-out/tfjs-backend-wasm.js";
