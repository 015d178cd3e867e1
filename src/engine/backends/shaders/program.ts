// Runs shaders of our own by TensorFlow.js' webgpu backend, which compiles each once, binds its buffers and submits a batch of
// dispatches at a time. Every tensor is bound as a plain list of numbers; sizes come as uniforms, so that one shader does for all.
import type { TensorInfo } from "@tensorflow/tfjs-core";

/** What is used of TensorFlow.js' WebGPUBackend. */
export interface GpuBackend {
  makeTensorInfo(shape: readonly number[], dtype: "float32"): TensorInfo;
  runWebGPUProgram(
    program: object,
    inputs: readonly TensorInfo[],
    dtype: "float32",
    uniforms: readonly { readonly type: "int32" | "float32"; readonly data: readonly number[] }[],
    output: TensorInfo,
  ): TensorInfo;
}

/** Threads of a workgroup. */
export const THREADS = 64;

export interface Shader {
  /** Two shaders of one name are the same. */
  readonly name: string;
  /** Names of the inputs, each with how many numbers are read at once: 1 or 4. */
  readonly inputs: Readonly<Record<string, 1 | 4>>;
  /** Numbers written at once. */
  readonly written?: 1 | 4;
  readonly integers: readonly string[];
  readonly floats?: readonly string[];
  /** WGSL: what stands before `main`, and its body. It knows `index`, the thread's among all, and `local`, within its group. */
  readonly declarations?: string;
  readonly body: string;
}

export interface Call {
  readonly inputs: readonly TensorInfo[];
  readonly shape: readonly number[];
  /** In the shader's order: integers, then floats. */
  readonly uniforms: readonly number[];
  readonly groups: number;
}

const sizeOf = ({ shape }: Pick<TensorInfo, "shape">): number => shape.reduce((size, side) => size * side, 1);
const flat = (tensor: TensorInfo): TensorInfo => ({ ...tensor, shape: [sizeOf(tensor)] });

export function runShader(backend: GpuBackend, shader: Shader, { inputs, shape, uniforms, groups }: Call): TensorInfo {
  const { integers, floats = [] } = shader;
  const out = backend.makeTensorInfo([...shape], "float32");
  const whole = flat(out);
  const program = {
    variableNames: Object.keys(shader.inputs),
    variableComponents: Object.values(shader.inputs),
    outputComponent: shader.written ?? 1,
    outputShape: whole.shape,
    uniforms: [...integers.map((name) => `${name} : i32`), ...floats.map((name) => `${name} : f32`)].join(", "),
    shaderKey: `mner-${shader.name}`,
    workgroupSize: [THREADS, 1, 1],
    dispatchLayout: { x: [0] },
    dispatch: [groups, 1, 1],
    getUserCode: () => `
${shader.declarations ?? ""}
fn main(index : i32) {
  let local = i32(localIndex);
${shader.body}
}`,
  };
  const given = uniforms.map((value, at) => ({
    type: at < integers.length ? ("int32" as const) : ("float32" as const),
    data: [value],
  }));
  backend.runWebGPUProgram(program, inputs.map(flat), "float32", given, whole);
  return out;
}
