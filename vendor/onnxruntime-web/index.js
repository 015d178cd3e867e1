// Nothing. @xenova/transformers imports this package at load time, but tokenising runs no ONNX model, so the real one
// (tens of megabytes of WebAssembly or native code) must never be installed nor bundled.
export default {};
