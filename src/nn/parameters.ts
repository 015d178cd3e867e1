// The weights of a network, each declared once, by name and PyTorch shape, where the network is built. Two readers follow the
// declarations: one lists them (readers.ts, ShapeCollector), the other loads them (WeightLoader). Layers come out in
// TensorFlow.js' layout: matrices turned round, convolutions height-width-in-out, batch norms folded away, neighbours joined
// into one matrix where one product will do.
import type { Scalar, Tensor, Tensor1D, Tensor4D } from "@tensorflow/tfjs-core";
import { foldBias, foldWeight, type NormParameters } from "./batch-norm.js";
import { FUSED, hasFused, PANEL } from "./fused.js";
import { toSteps } from "./steps.js";

/** Numbers of one weight, in PyTorch's layout. To be read only while the network is loaded. */
export interface Values {
  read(): Float32Array;
}

/** A linear layer's numbers: one row of `inputs` numbers per output, and what is added to each output. */
export interface Matrix {
  readonly inputs: number;
  readonly outputs: number;
  read(): { readonly values: Float32Array; readonly bias: Float32Array };
}

/** A matrix and what is added to each output. */
export interface Linear {
  readonly inputs: number;
  readonly outputs: number;
  /** [inputs, outputs], or in panels for a kernel of our own. */
  readonly weight: Tensor;
  /** What one of a weight's eight bits stands for, per output, where the kernel takes them so. */
  readonly steps: Tensor1D | null;
  /** Rows may then be quantised to so large whole numbers. */
  readonly top: number;
  /** One per output, or filled up with zeros to whole panels. */
  readonly bias: Tensor1D;
  /** Name of the kernel of our own that takes it. */
  readonly kernel: string | null;
}

export interface Convolution {
  readonly kernel: number;
  /** Height, width, input, output; for a depthwise one height, width, channel, 1. */
  readonly filter: Tensor4D | null;
  readonly bias: Tensor1D | null;
  readonly depthwise: boolean;
  /** Present instead of the filter for a 1×1 convolution on a backend that has linear layers of its own. */
  readonly pointwise: Linear | null;
}

export interface Norm {
  readonly gain: Tensor1D;
  readonly offset: Tensor1D;
  readonly epsilon: number;
  /** The same, where operations need it as a tensor. */
  readonly epsilonTensor: Scalar;
}

export interface ConvolutionOptions {
  readonly kernel?: number;
  /** 1, or as many as there are inputs (a depthwise convolution). */
  readonly groups?: number;
}

export abstract class Parameters {
  /** One weight by its name and shape. */
  abstract values(name: string, shape: readonly number[]): Values;
  /** What `make` gives, once the weights are loaded; its fields must not be read before. */
  abstract later<T extends object>(make: () => T): T;
  /** A tensor that lives as long as the network; only within `later`. */
  abstract tensor<T extends Tensor>(values: Float32Array, shape: readonly number[]): T;
  /** The same of bytes, four to a number of the shape. */
  protected abstract packed(bytes: Int8Array, shape: readonly number[]): Tensor;
  /** Work for when the network is given up: to free what its runs have kept. */
  abstract atEnd(work: () => void): void;
  /** The batch norm X.norm behind a convolution X.conv; null where it is folded into the convolution's own bias already. */
  protected abstract batchNorm(name: string, outputs: number): (() => NormParameters) | null;
  /** What a low-rank delta adds to a matrix, when the model has one for it. */
  protected abstract lowRank(name: string, inputs: number, outputs: number): (() => Float32Array) | null;

  /** The numbers of X.weight [outputs, inputs] and X.bias [outputs], plus up · down of a low-rank delta. */
  matrix(name: string, inputs: number, outputs: number): Matrix {
    const weight = this.values(`${name}.weight`, [outputs, inputs]);
    const bias = this.values(`${name}.bias`, [outputs]);
    const delta = this.lowRank(name, inputs, outputs);
    const values = (): Float32Array => (delta === null ? weight.read() : sum(weight.read(), delta()));
    return { inputs, outputs, read: () => ({ values: values(), bias: bias.read() }) };
  }

  /** One layer, or several over the same input as one: their outputs stand side by side. */
  linear(...parts: Matrix[]): Linear {
    return this.later(() => this.makeLinear(parts.length === 1 ? parts[0]! : join(parts)));
  }

  norm(name: string, width: number, epsilon: number): Norm {
    const gain = this.values(`${name}.weight`, [width]);
    const offset = this.values(`${name}.bias`, [width]);
    return this.later(() => ({
      gain: this.tensor<Tensor1D>(gain.read(), [width]),
      offset: this.tensor<Tensor1D>(offset.read(), [width]),
      epsilon,
      epsilonTensor: this.tensor<Scalar>(Float32Array.of(epsilon), []),
    }));
  }

  /** A convolution with its own bias: X.weight [outputs, inputs / groups, kernel, kernel] and X.bias. */
  convolution(name: string, inputs: number, outputs: number, options: ConvolutionOptions = {}): Convolution {
    const { kernel = 1, groups = 1 } = options;
    const weight = this.values(`${name}.weight`, [outputs, inputs / groups, kernel, kernel]);
    const bias = this.values(`${name}.bias`, [outputs]);
    const shape = { inputs: inputs / groups, outputs, kernel, depthwise: groups > 1 };
    return this.later(() => this.makeConvolution(weight.read(), bias.read(), shape));
  }

  /** A convolution X.conv without bias and its batch norm X.norm, folded into one with a bias. */
  normedConvolution(name: string, inputs: number, outputs: number, options: ConvolutionOptions = {}): Convolution {
    const norm = this.batchNorm(name, outputs);
    if (norm === null) return this.convolution(`${name}.conv`, inputs, outputs, options);
    const { kernel = 1, groups = 1 } = options;
    const weight = this.values(`${name}.conv.weight`, [outputs, inputs / groups, kernel, kernel]);
    const shape = { inputs: inputs / groups, outputs, kernel, depthwise: groups > 1 };
    return this.later(() => {
      const parameters = norm();
      return this.makeConvolution(foldWeight(weight.read(), parameters), foldBias(parameters), shape);
    });
  }

  private makeLinear(matrix: Matrix): Linear {
    const { inputs, outputs } = matrix;
    const numbers = matrix.read();
    if (!hasFused(FUSED.linear)) {
      const weight = this.tensor(turned(numbers.values, outputs, inputs), [inputs, outputs]);
      const bias = this.tensor<Tensor1D>(numbers.bias, [outputs]);
      return { inputs, outputs, weight, steps: null, top: 0, bias, kernel: null };
    }
    const panels = Math.ceil(outputs / PANEL);
    const filled = (values: Float32Array): Tensor1D => {
      const whole = new Float32Array(panels * PANEL);
      whole.set(values);
      return this.tensor<Tensor1D>(whole, [whole.length]);
    };
    const bias = filled(numbers.bias);
    const eightBits = hasFused(FUSED.linear16) ? toSteps({ inputs, outputs, values: numbers.values }) : null;
    if (eightBits !== null) {
      const { values, top } = eightBits;
      const weight = this.packed(values, [panels, values.length / (panels * PANEL), PANEL / 4]);
      return { inputs, outputs, weight, steps: filled(eightBits.steps), top, bias, kernel: FUSED.linear16 };
    }
    const weight = this.tensor(toPanels(numbers.values, inputs, outputs), [panels, inputs, PANEL]);
    return { inputs, outputs, weight, steps: null, top: 0, bias, kernel: FUSED.linear };
  }

  private makeConvolution(values: Float32Array, bias: Float32Array, shape: ConvolutionShape): Convolution {
    const { inputs, outputs, kernel, depthwise } = shape;
    if (kernel === 1 && !depthwise && hasFused(FUSED.linear)) {
      const pointwise = this.makeLinear({ inputs, outputs, read: () => ({ values, bias }) });
      return { kernel, filter: null, bias: null, depthwise, pointwise };
    }
    const area = kernel * kernel;
    const filter = new Float32Array(values.length);
    for (let output = 0; output < outputs; output++) {
      for (let input = 0; input < inputs; input++) {
        for (let cell = 0; cell < area; cell++) {
          filter[(cell * inputs + input) * outputs + output] = values[(output * inputs + input) * area + cell]!;
        }
      }
    }
    return {
      kernel,
      filter: this.tensor<Tensor4D>(filter, [kernel, kernel, ...(depthwise ? [outputs, 1] : [inputs, outputs])]),
      bias: this.tensor<Tensor1D>(bias, [outputs]),
      depthwise,
      pointwise: null,
    };
  }
}

interface ConvolutionShape {
  readonly inputs: number;
  readonly outputs: number;
  readonly kernel: number;
  readonly depthwise: boolean;
}

/** The layer with everything that comes out of it multiplied. */
export function scaled(matrix: Matrix, scale: number): Matrix {
  return {
    ...matrix,
    read: () => {
      const { values, bias } = matrix.read();
      return { values: times(values, scale), bias: times(bias, scale) };
    },
  };
}

/** The layer with what goes into it multiplied: the bias stays. */
export function scaledInputs(matrix: Matrix, scale: number): Matrix {
  return {
    ...matrix,
    read: () => {
      const { values, bias } = matrix.read();
      return { values: times(values, scale), bias };
    },
  };
}

const times = (values: Float32Array, factor: number): Float32Array => values.map((value) => value * factor);

const sum = (values: Float32Array, others: Float32Array): Float32Array =>
  values.map((value, index) => value + others[index]!);

function join(parts: readonly Matrix[]): Matrix {
  const inputs = parts[0]!.inputs;
  const outputs = parts.reduce((total, part) => total + part.outputs, 0);
  const read = () => {
    const values = new Float32Array(inputs * outputs);
    const bias = new Float32Array(outputs);
    let at = 0;
    for (const part of parts) {
      const numbers = part.read();
      values.set(numbers.values, at * inputs);
      bias.set(numbers.bias, at);
      at += part.outputs;
    }
    return { values, bias };
  };
  return { inputs, outputs, read };
}

/** Sides of the blocks in which matrices are turned: what is read and what is written both stay in the cache. */
const BLOCK = 32;

/** A matrix of so many rows and columns, turned round. */
function turned(values: Float32Array, rows: number, columns: number): Float32Array {
  const result = new Float32Array(values.length);
  for (let firstRow = 0; firstRow < rows; firstRow += BLOCK) {
    const endRow = Math.min(rows, firstRow + BLOCK);
    for (let firstColumn = 0; firstColumn < columns; firstColumn += BLOCK) {
      const endColumn = Math.min(columns, firstColumn + BLOCK);
      for (let row = firstRow; row < endRow; row++) {
        for (let column = firstColumn; column < endColumn; column++) {
          result[column * rows + row] = values[row * columns + column]!;
        }
      }
    }
  }
  return result;
}

/** Panels of neighbouring outputs, input by input; the last panel is filled up with zeros. */
function toPanels(values: Float32Array, inputs: number, outputs: number): Float32Array {
  const result = new Float32Array(Math.ceil(outputs / PANEL) * PANEL * inputs);
  for (let output = 0; output < outputs; output++) {
    const column = output % PANEL;
    const panel = (output - column) * inputs;
    const from = output * inputs;
    for (let input = 0; input < inputs; input++) result[panel + input * PANEL + column] = values[from + input]!;
  }
  return result;
}
