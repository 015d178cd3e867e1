// Offers the shaders to the network as kernels of the webgpu backend, under the names that the wasm backend's have.
import { type KernelConfig, registerKernel, type TensorInfo } from "@tensorflow/tfjs-core";
import { FUSED } from "../../../nn/fused.js";
import { attention } from "./attention.js";
import { linear } from "./linear.js";
import { condition, depthwise, elementwise, layerNorm } from "./maps.js";
import type { GpuBackend } from "./program.js";

let registered = false;

export function registerShaders(): void {
  if (registered) return;
  registered = true;
  const register = (
    kernelName: string,
    run: (backend: GpuBackend, inputs: Readonly<Record<string, TensorInfo | undefined>>, given: never) => TensorInfo,
  ): void => {
    const kernelFunc: KernelConfig["kernelFunc"] = ({ inputs, backend, attrs }) =>
      run(backend as GpuBackend, inputs as Readonly<Record<string, TensorInfo | undefined>>, attrs as never);
    registerKernel({ kernelName, backendName: "webgpu", kernelFunc });
  };
  register(FUSED.linear, linear);
  register(FUSED.gelu, elementwise("gelu"));
  register(FUSED.silu, elementwise("silu"));
  register(FUSED.condition, condition);
  register(FUSED.depthwise, depthwise);
  register(FUSED.layerNorm, layerNorm);
  register(FUSED.attention, attention);
}
