// The kernels of TensorFlow.js that the networks' operations reach, and no others: each costs script, on every backend. Of these
// names the build makes one module per backend (scripts/vite/tensorflow-parts.ts); a backend's script holds its own alone.

/** As TensorFlow.js calls their files. */
export const KERNELS = [
  "_FusedMatMul",
  "Add",
  "BatchMatMul",
  "Cast",
  "Concat",
  "Erf",
  "FusedConv2D",
  "FusedDepthwiseConv2D",
  "Identity",
  "Log",
  "MaxPool",
  "Mean",
  "Multiply",
  "Relu",
  "Reshape",
  "Rsqrt",
  "Sigmoid",
  "Slice",
  "Softmax",
  "Square",
  "Sub",
  "Transpose",
] as const;
