// Passes over maps and rows: depthwise convolutions, maps as queries see them, layer norm, activations by themselves.
import type { TensorInfo } from "@tensorflow/tfjs-core";
import type { Activation, ConditionAttributes, DepthwiseAttributes } from "../../../nn/fused.js";
import { activation } from "./activations.js";
import { type GpuBackend, runShader, type Shader, THREADS } from "./program.js";

type Inputs = Readonly<Record<string, TensorInfo | undefined>>;

const product = (sides: readonly number[]): number => sides.reduce((size, side) => size * side, 1);
/** Workgroups for so many threads. */
const groupsOf = (threads: number): number => Math.ceil(threads / THREADS);

const depthwiseShader = (after: Activation): Shader => ({
  name: `depthwise-${after}`,
  inputs: { x: 1, weights: 1, bias: 1 },
  integers: ["count", "height", "width", "channels", "taps", "stride", "outHeight", "outWidth"],
  declarations: activation(after, "f32"),
  body: `
  if (index >= uniforms.count) { return; }
  let channel = index % uniforms.channels;
  let cell = index / uniforms.channels;
  let pad = (uniforms.taps - 1) / 2;
  let left = (cell % uniforms.outWidth) * uniforms.stride - pad;
  let top = ((cell / uniforms.outWidth) % uniforms.outHeight) * uniforms.stride - pad;
  let map = (cell / (uniforms.outWidth * uniforms.outHeight)) * uniforms.height;
  var sum = bias[channel];
  for (var v = max(0, -top); v < min(uniforms.taps, uniforms.height - top); v++) {
    for (var u = max(0, -left); u < min(uniforms.taps, uniforms.width - left); u++) {
      sum += x[((map + top + v) * uniforms.width + left + u) * uniforms.channels + channel]
        * weights[(v * uniforms.taps + u) * uniforms.channels + channel];
    }
  }
  result[index] = activate_(sum);`,
});

export function depthwise(backend: GpuBackend, { x, filter, bias }: Inputs, given: DepthwiseAttributes): TensorInfo {
  const { stride, activation: after } = given;
  const [batch, height, width, channels] = x!.shape as [number, number, number, number];
  const taps = filter!.shape[0]!;
  const pad = Math.floor((taps - 1) / 2);
  const side = (length: number): number => Math.floor((length + 2 * pad - taps) / stride) + 1;
  const shape = [batch, side(height), side(width), channels];
  const count = product(shape);
  return runShader(backend, depthwiseShader(after), {
    inputs: [x!, filter!, bias!],
    shape,
    uniforms: [count, height, width, channels, taps, stride, side(height), side(width)],
    groups: groupsOf(count),
  });
}

const CONDITION: Shader = {
  name: "condition",
  inputs: { x: 1, conditions: 1 },
  integers: ["count", "mapSize", "channels", "stride", "column"],
  declarations: activation("silu", "f32"),
  body: `
  if (index >= uniforms.count) { return; }
  let channel = index % uniforms.channels;
  let at = (index / uniforms.mapSize) * uniforms.stride + uniforms.column + channel;
  result[index] = activate_(x[index % uniforms.mapSize] * conditions[at] + conditions[at + uniforms.channels]);`,
};

export function condition(backend: GpuBackend, { x, conditions }: Inputs, given: ConditionAttributes): TensorInfo {
  const [, height, width, channels] = x!.shape as [number, number, number, number];
  const [batch, stride] = conditions!.shape as [number, number];
  const mapSize = height * width * channels;
  return runShader(backend, CONDITION, {
    inputs: [x!, conditions!],
    shape: [batch, height, width, channels],
    uniforms: [batch * mapSize, mapSize, channels, stride, given.column],
    groups: groupsOf(batch * mapSize),
  });
}

const normShader = (summed: boolean): Shader => ({
  name: `norm-${summed}`,
  inputs: { x: 1, ...(summed ? { y: 1 as const } : {}), gain: 1, offset: 1 },
  integers: ["rows", "width"],
  floats: ["epsilon"],
  declarations: `
var<workgroup> parts : array<f32, ${THREADS}>;
fn total_(local : i32, own : f32) -> f32 {
  parts[local] = own;
  workgroupBarrier();
  var sum = 0.0;
  for (var i = 0; i < ${THREADS}; i++) { sum += parts[i]; }
  workgroupBarrier();
  return sum;
}`,
  body: `
  let row = min(index / ${THREADS}, uniforms.rows - 1);
  let first = row * uniforms.width;
  var sum = 0.0;
  for (var i = local; i < uniforms.width; i += ${THREADS}) {
    let value = ${summed ? "x[first + i] + y[first + i]" : "x[first + i]"};
    result[first + i] = value;
    sum += value;
  }
  let mean = total_(local, sum) / f32(uniforms.width);
  sum = 0.0;
  for (var i = local; i < uniforms.width; i += ${THREADS}) {
    let value = result[first + i] - mean;
    sum += value * value;
  }
  let scale = inverseSqrt(total_(local, sum) / f32(uniforms.width) + uniforms.epsilon);
  for (var i = local; i < uniforms.width; i += ${THREADS}) {
    result[first + i] = (result[first + i] - mean) * scale * gain[i] + offset[i];
  }`,
});

export function layerNorm(
  backend: GpuBackend,
  { x, y, gain, offset }: Inputs,
  { epsilon }: { readonly epsilon: number },
): TensorInfo {
  const [rows, width] = x!.shape as [number, number];
  return runShader(backend, normShader(y !== undefined), {
    inputs: [x!, ...(y ? [y] : []), gain!, offset!],
    shape: [rows, width],
    uniforms: [rows, width, epsilon],
    groups: rows,
  });
}

export const elementwise =
  (after: Activation) =>
  (backend: GpuBackend, { x }: Inputs): TensorInfo => {
    const count = product(x!.shape);
    const shader: Shader = {
      name: `each-${after}`,
      inputs: { x: 1 },
      integers: ["count"],
      declarations: activation(after, "f32"),
      body: "  if (index < uniforms.count) { result[index] = activate_(x[index]); }",
    };
    return runShader(backend, shader, { inputs: [x!], shape: x!.shape, uniforms: [count], groups: groupsOf(count) });
  };
