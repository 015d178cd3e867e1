// Offers the compiled kernels to the network as kernels of the wasm backend. The network asks whether a backend has them
// and composes the same from ordinary operations where it has not.
import { type KernelConfig, registerKernel, type TensorInfo, unregisterKernel } from "@tensorflow/tfjs-core";
import {
  type AttentionAttributes,
  type ConditionAttributes,
  type DepthwiseAttributes,
  FUSED,
  type LinearAttributes,
} from "../../../nn/fused.js";
import { NO_SCRATCH, type Runner, type Scratch } from "./runner.js";

/** What is used of TensorFlow.js' BackendWasm. */
export interface WasmBackend {
  readonly dataIdMap: { get(dataId: object): { readonly memoryOffset: number } };
  makeOutput(shape: readonly number[], dtype: "float32"): TensorInfo;
  disposeData(dataId: object): boolean;
}

type Inputs = Readonly<Record<string, TensorInfo | undefined>>;

const BYTES = 4;

/** Work that takes one thread some ten microseconds: in numbers, multiplications, rows of a norm. */
const [LEAST_NUMBERS, LEAST_PRODUCTS] = [8192, 200_000];

/** As the kernels number them. */
const ACTIVATIONS: Readonly<Record<LinearAttributes["activation"], number>> = {
  linear: 0,
  gelu: 1,
  silu: 2,
  leakyrelu: 3,
};

/** `sixteenBits`: whether linear layers whose weights have eight bits are multiplied in sixteen here. */
export function registerFusedKernels(runner: Runner, sixteenBits: boolean): void {
  const address = (backend: WasmBackend, tensor: TensorInfo): number =>
    backend.dataIdMap.get(tensor.dataId).memoryOffset;
  const sizeOf = ({ shape }: TensorInfo): number => shape.reduce((size, side) => size * side, 1);
  const elementwise =
    (name: "gelu" | "silu") =>
    (backend: WasmBackend, { x }: Inputs): TensorInfo => {
      const out = backend.makeOutput(x!.shape, "float32");
      runner.run(name, [address(backend, x!), address(backend, out)], NO_SCRATCH, sizeOf(x!), LEAST_NUMBERS);
      return out;
    };
  /** Scratch memory for every thread, as long as the work lasts. */
  const withScratch = (backend: WasmBackend, bytes: number, work: (scratch: Scratch) => void): void => {
    const scratch = backend.makeOutput([(bytes * runner.threads) / BYTES], "float32");
    work({ address: address(backend, scratch), bytes });
    backend.disposeData(scratch.dataId);
  };

  const linear = (backend: WasmBackend, tensors: Inputs, given: LinearAttributes): TensorInfo => {
    const { x, x1, x2, x3, panels, steps, bias, plus } = tensors;
    const { inputs, outputs, activation, top = 0 } = given;
    const out = backend.makeOutput([...x!.shape.slice(0, -1), outputs], "float32");
    const parts = [x, x1, x2, x3].flatMap((part) => (part ? [address(backend, part), part.shape.at(-1)!] : [0, 0]));
    const [weights, added, to] = [panels!, bias!, out].map((tensor) => address(backend, tensor)) as [
      number,
      number,
      number,
    ];
    const rows = sizeOf(out) / outputs;
    const least = Math.max(4, Math.ceil(LEAST_PRODUCTS / (inputs * outputs) / 4) * 4);
    const rest = [outputs, ACTIVATIONS[activation]];
    const last = plus ? [address(backend, plus), sizeOf(plus) / outputs] : [0, 1];
    if (!steps && !x1) runner.run("linear", [...parts, weights, added, to, ...rest, ...last], NO_SCRATCH, rows, least);
    else
      withScratch(backend, runner.kernels.linearScratch(inputs), (scratch) => {
        if (!steps) runner.run("linear", [...parts, weights, added, to, ...rest, ...last], scratch, rows, least);
        else {
          const values = [...parts, weights, address(backend, steps), added, to, ...rest, top, ...last];
          runner.run("linear16", values, scratch, rows, least);
        }
      });
    return out;
  };

  const depthwise = (backend: WasmBackend, { x, filter, bias }: Inputs, given: DepthwiseAttributes): TensorInfo => {
    const { stride, activation } = given;
    const [batch, height, width, channels] = x!.shape as [number, number, number, number];
    const kernel = filter!.shape[0]!;
    const pad = Math.floor((kernel - 1) / 2);
    const side = (length: number): number => Math.floor((length + 2 * pad - kernel) / stride) + 1;
    const out = backend.makeOutput([batch, side(height), side(width), channels], "float32");
    const at = [x!, filter!, bias!, out].map((tensor) => address(backend, tensor));
    const values = [...at, height, width, channels, kernel, stride, ACTIVATIONS[activation]];
    const perRow = side(width) * channels * kernel * kernel;
    runner.run("depthwise", values, NO_SCRATCH, batch * side(height), Math.ceil(LEAST_PRODUCTS / 4 / perRow));
    return out;
  };

  const condition = (backend: WasmBackend, { x, conditions }: Inputs, given: ConditionAttributes): TensorInfo => {
    const [, height, width, channels] = x!.shape as [number, number, number, number];
    const [batch, columns] = conditions!.shape as [number, number];
    const out = backend.makeOutput([batch, height, width, channels], "float32");
    const table = address(backend, conditions!) + given.column * BYTES;
    const cells = height * width;
    const values = [address(backend, x!), table, columns * BYTES, address(backend, out), cells, channels];
    runner.run("condition", values, NO_SCRATCH, batch * cells, Math.ceil(LEAST_NUMBERS / channels));
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
    const values = [at(x), at(y), at(gain), at(offset), epsilon, at(out), width];
    runner.run("layerNorm", values, NO_SCRATCH, rows, Math.ceil(LEAST_NUMBERS / width));
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
    const part = (tensor: TensorInfo, column: number): [number, number] => [
      address(backend, tensor) + column * BYTES,
      tensor.shape[1]! * BYTES,
    ];
    const values = [
      ...part(query!, given.queryColumn),
      ...part(key!, given.keyColumn),
      ...part(value!, given.valueColumn),
      mask ? address(backend, mask) : 0,
      ...part(out, 0),
      heads,
      queries,
      keys,
      size,
    ];
    withScratch(backend, runner.kernels.attentionScratch(keys, size), (scratch) =>
      runner.run("attention", values, scratch, batch * heads, 1),
    );
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
  register(FUSED.linear, linear);
  if (sixteenBits) register(FUSED.linear16, linear);
  else unregisterQuietly(FUSED.linear16);
  register(FUSED.gelu, elementwise("gelu"));
  register(FUSED.silu, elementwise("silu"));
  register(FUSED.condition, condition);
  register(FUSED.depthwise, depthwise);
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
