// The kernels of TensorFlow.js' webgl backend that the network's operations reach, and no others: each costs script.

import { _fusedMatMulConfig } from "@tensorflow/tfjs-backend-webgl/dist/kernels/_FusedMatMul.js";
import { addConfig } from "@tensorflow/tfjs-backend-webgl/dist/kernels/Add.js";
import { batchMatMulConfig } from "@tensorflow/tfjs-backend-webgl/dist/kernels/BatchMatMul.js";
import { castConfig } from "@tensorflow/tfjs-backend-webgl/dist/kernels/Cast.js";
import { concatConfig } from "@tensorflow/tfjs-backend-webgl/dist/kernels/Concat.js";
import { erfConfig } from "@tensorflow/tfjs-backend-webgl/dist/kernels/Erf.js";
import { fusedConv2DConfig } from "@tensorflow/tfjs-backend-webgl/dist/kernels/FusedConv2D.js";
import { fusedDepthwiseConv2DConfig } from "@tensorflow/tfjs-backend-webgl/dist/kernels/FusedDepthwiseConv2D.js";
import { identityConfig } from "@tensorflow/tfjs-backend-webgl/dist/kernels/Identity.js";
import { logConfig } from "@tensorflow/tfjs-backend-webgl/dist/kernels/Log.js";
import { maxPoolConfig } from "@tensorflow/tfjs-backend-webgl/dist/kernels/MaxPool.js";
import { meanConfig } from "@tensorflow/tfjs-backend-webgl/dist/kernels/Mean.js";
import { multiplyConfig } from "@tensorflow/tfjs-backend-webgl/dist/kernels/Multiply.js";
import { reluConfig } from "@tensorflow/tfjs-backend-webgl/dist/kernels/Relu.js";
import { reshapeConfig } from "@tensorflow/tfjs-backend-webgl/dist/kernels/Reshape.js";
import { rsqrtConfig } from "@tensorflow/tfjs-backend-webgl/dist/kernels/Rsqrt.js";
import { sigmoidConfig } from "@tensorflow/tfjs-backend-webgl/dist/kernels/Sigmoid.js";
import { sliceConfig } from "@tensorflow/tfjs-backend-webgl/dist/kernels/Slice.js";
import { softmaxConfig } from "@tensorflow/tfjs-backend-webgl/dist/kernels/Softmax.js";
import { squareConfig } from "@tensorflow/tfjs-backend-webgl/dist/kernels/Square.js";
import { subConfig } from "@tensorflow/tfjs-backend-webgl/dist/kernels/Sub.js";
import { transposeConfig } from "@tensorflow/tfjs-backend-webgl/dist/kernels/Transpose.js";
import { type KernelConfig, registerKernel } from "@tensorflow/tfjs-core";

const kernels: readonly KernelConfig[] = [
  addConfig,
  batchMatMulConfig,
  castConfig,
  concatConfig,
  erfConfig,
  fusedConv2DConfig,
  fusedDepthwiseConv2DConfig,
  _fusedMatMulConfig,
  identityConfig,
  logConfig,
  maxPoolConfig,
  meanConfig,
  multiplyConfig,
  reluConfig,
  reshapeConfig,
  rsqrtConfig,
  sigmoidConfig,
  sliceConfig,
  softmaxConfig,
  squareConfig,
  subConfig,
  transposeConfig,
];

let registered = false;

export function registerWebglKernels(): void {
  if (registered) return;
  registered = true;
  for (const kernel of kernels) registerKernel(kernel);
}
