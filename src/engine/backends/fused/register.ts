// Offers the compiled kernels to the network as kernels of the wasm backend. The network asks whether a backend has them
// and composes the same from ordinary operations where it has not.
import { type KernelConfig, registerKernel, type TensorInfo, unregisterKernel } from "@tensorflow/tfjs-core";
import { type AttentionAttributes, FUSED, type LinearAttributes } from "../../../nn/fused.js";
import type { KernelModule } from "./kernel-module.js";

/** What is used of TensorFlow.js' BackendWasm. */
interface WasmBackend {
  readonly dataIdMap: { get(dataId: object): { readonly memoryOffset: number } };
  makeOutput(shape: readonly number[], dtype: "float32"): TensorInfo;
  disposeData(dataId: object): boolean;
}

type Inputs = Readonly<Record<string, TensorInfo | undefined>>;

const BYTES = 4;

/** As the kernel numbers them. */
const ACTIVATIONS: Readonly<Record<LinearAttributes["activation"], number>> = {
  linear: 0,
  gelu: 1,
  silu: 2,
  leakyrelu: 3,
};

/** `threads`: how many the backend's own products use; with several they are faster than one here. */
export function registerFusedKernels(kernels: KernelModule, threads: number): void {
  const address = (backend: WasmBackend, tensor: TensorInfo): number =>
    backend.dataIdMap.get(tensor.dataId).memoryOffset;
  const sizeOf = ({ shape }: TensorInfo): number => shape.reduce((size, side) => size * side, 1);
  const elementwise =
    (kernel: (x: number, out: number, count: number) => void) =>
    (backend: WasmBackend, { x }: Inputs): TensorInfo => {
      const out = backend.makeOutput(x!.shape, "float32");
      kernel(address(backend, x!), address(backend, out), sizeOf(x!));
      return out;
    };

  const linear = (backend: WasmBackend, { x, panels, bias }: Inputs, given: LinearAttributes): TensorInfo => {
    const { inputs, outputs, activation } = given;
    const out = backend.makeOutput([...x!.shape.slice(0, -1), outputs], "float32");
    const [at, weights, added, to] = [x!, panels!, bias!, out].map((tensor) => address(backend, tensor));
    kernels.linear(at!, weights!, added!, to!, sizeOf(x!) / inputs, inputs, outputs, ACTIVATIONS[activation]);
    return out;
  };

  const layerNorm = (
    backend: WasmBackend,
    { x, y, gain, offset }: Inputs,
    { epsilon }: { epsilon: number },
  ): TensorInfo => {
    const [rows, width] = x!.shape as [number, number];
    const out = backend.makeOutput(x!.shape, "float32");
    const at = (tensor: TensorInfo | undefined): number => (tensor ? address(backend, tensor) : 0);
    kernels.layerNorm(at(x), at(y), at(gain), at(offset), epsilon, at(out), rows, width);
    return out;
  };

  const attention = (
    backend: WasmBackend,
    { query, key, value, mask }: Inputs,
    given: AttentionAttributes,
  ): TensorInfo => {
    const { batch, heads, width } = given;
    const size = width / heads;
    const [queries, keys] = [query!.shape[0]! / batch, key!.shape[0]! / batch];
    const out = backend.makeOutput([query!.shape[0]!, width], "float32");
    const scratch = backend.makeOutput([kernels.attentionScratch(keys, size) / BYTES], "float32");
    const part = (tensor: TensorInfo, column: number): [number, number] => [
      address(backend, tensor) + column * BYTES,
      tensor.shape[1]! * BYTES,
    ];
    kernels.attention(
      ...part(query!, given.queryColumn),
      ...part(key!, given.keyColumn),
      ...part(value!, given.valueColumn),
      mask ? address(backend, mask) : 0,
      ...part(out, 0),
      batch,
      heads,
      queries,
      keys,
      size,
      address(backend, scratch),
    );
    backend.disposeData(scratch.dataId);
    return out;
  };

  const register = (
    kernelName: string,
    run: (backend: WasmBackend, inputs: Inputs, given: never) => TensorInfo,
  ): void => {
    // A backend that was closed and opened again has new memory, and with it new kernels.
    unregisterQuietly(kernelName);
    const kernelFunc: KernelConfig["kernelFunc"] = ({ inputs, backend, attrs }) =>
      run(backend as WasmBackend, inputs as Inputs, attrs as never);
    registerKernel({ kernelName, backendName: "wasm", kernelFunc });
  };
  if (threads === 1) register(FUSED.linear, linear);
  else unregisterQuietly(FUSED.linear);
  register(FUSED.gelu, elementwise(kernels.gelu));
  register(FUSED.silu, elementwise(kernels.silu));
  register(FUSED.layerNorm, layerNorm);
  register(FUSED.attention, attention);
}

function unregisterQuietly(kernelName: string): void {
  try {
    unregisterKernel(kernelName, "wasm");
  } catch {
    // It was never registered.
  }
}
