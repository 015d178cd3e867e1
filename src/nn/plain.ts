// Layers and sums in plain numbers: a few thousand of them are not worth the way to a device and back.
import type { Matrix, Parameters } from "./parameters.js";

/** A layer's numbers: a row of inputs per output. */
export interface Layer {
  readonly inputs: number;
  readonly outputs: number;
  readonly values: Float32Array;
  readonly bias: Float32Array;
}

/** A layer that is run here instead of on the device. */
export function declareLayer(p: Parameters, matrix: Matrix): Layer {
  return p.later(() => ({ inputs: matrix.inputs, outputs: matrix.outputs, ...matrix.read() }));
}

/** A layer over one row of numbers. */
export function apply({ inputs, outputs, values, bias }: Layer, x: ArrayLike<number>): Float32Array {
  const y = new Float32Array(outputs);
  for (let output = 0; output < outputs; output++) {
    let sum = bias[output]!;
    const row = output * inputs;
    for (let input = 0; input < inputs; input++) sum += values[row + input]! * x[input]!;
    y[output] = sum;
  }
  return y;
}

export const relu = (x: Float32Array): Float32Array => x.map((value) => Math.max(0, value));

export function joined(...parts: readonly ArrayLike<number>[]): Float32Array {
  const all = new Float32Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}

export function dot(a: ArrayLike<number>, b: ArrayLike<number>): number {
  let sum = 0;
  for (let index = 0; index < a.length; index++) sum += a[index]! * b[index]!;
  return sum;
}

export function softmax(logits: readonly number[]): number[] {
  const largest = Math.max(...logits);
  const weights = logits.map((logit) => Math.exp(logit - largest));
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  return weights.map((weight) => weight / total);
}
