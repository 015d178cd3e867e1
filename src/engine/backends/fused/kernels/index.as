// What TensorFlow.js' wasm backend does slowly or in many passes over memory, in one pass each, in AssemblyScript. Compiled by
// `npm run kernels` into ../binary.ts. Every kernel works on the backend's own memory; addresses are in bytes, strides too. The
// last three arguments of each are the same: scratch memory of the thread that runs it, and which part of the work is meant.
// Nothing here allocates, so no two modules can get in each other's way.
export { attention, attentionScratch } from "./attention";
export { depthwise } from "./depthwise";
export { linear, linear16, linearScratch } from "./linear";
export { condition, gelu, layerNorm, silu } from "./rows";
