// From named weights in PyTorch's layout to tensors in TensorFlow.js' layout, once, at load: matrices turned round,
// convolutions height-width-in-out, batch norms folded away, neighbours joined into one matrix where one product will do.
import { type Tensor, type Tensor1D, type Tensor4D, tensor } from "@tensorflow/tfjs-core";
import { MnerError } from "../errors/mner-error.js";
import type { NetworkConfig } from "./config.js";
import { BATCH_NORM_EPSILON, expectedTensors, normedConvolutions } from "./expected-tensors.js";
import { FUSED, hasFused, PANEL } from "./fused.js";

export interface NamedWeight {
  readonly shape: readonly number[];
  readonly values: Float32Array;
}

/** Where weights come from: the model folder, or a checkpoint in a test. */
export interface WeightSource {
  has(name: string): boolean;
  read(name: string): NamedWeight;
}

/** A matrix and what is added to each output. */
export interface Linear {
  readonly inputs: number;
  readonly outputs: number;
  /** [inputs, outputs], or in panels for a backend that wants it so. */
  readonly weight: Tensor;
  /** One per output, or filled up with zeros to whole panels. */
  readonly bias: Tensor1D;
  readonly panels: boolean;
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

/** Numbers of a linear layer before they become tensors: row-major [inputs, outputs]. */
export interface Matrix {
  readonly inputs: number;
  readonly outputs: number;
  readonly values: Float32Array;
  readonly bias: Float32Array;
}

/** Checks that the source has every weight of such a network, in its shape, before any is read. */
export function checkWeights(
  source: WeightSource & { shapeOf?(name: string): readonly number[] },
  config: NetworkConfig,
): void {
  const optional = new Set(normedConvolutions(config).map((name) => `${name}.conv.bias`));
  for (const [name, shape] of expectedTensors(config)) {
    if (!source.has(name)) {
      if (optional.has(name) && source.has(name.replace(/conv\.bias$/, "norm.running_var"))) continue;
      throw new MnerError(
        "model-mismatch",
        `The model has no weight named "${name}", which its config asks for. Convert or download the model again.`,
      );
    }
    const found = source.shapeOf?.(name) ?? source.read(name).shape;
    if (found.join() !== shape.join()) {
      throw new MnerError(
        "model-mismatch",
        `The model's weight "${name}" is [${found.join(", ")}], but its config asks for [${shape.join(", ")}]. Convert or download the model again.`,
      );
    }
  }
}

/** Makes tensors and remembers them, so that one call frees them all. */
export class WeightLoader {
  private readonly source: WeightSource;
  private readonly kept: Tensor[] = [];

  constructor(source: WeightSource) {
    this.source = source;
  }

  values(name: string): Float32Array {
    return this.source.read(name).values;
  }

  /** A tensor that lives until `dispose`. */
  keep(values: Float32Array, shape: number[]): Tensor {
    const made = tensor(values, shape, "float32");
    this.kept.push(made);
    return made;
  }

  vector(values: Float32Array): Tensor1D {
    return this.keep(values, [values.length]) as Tensor1D;
  }

  /** A linear layer's numbers, turned to [inputs, outputs]; a 1×1 convolution is one too. */
  matrix(name: string, scale = 1): Matrix {
    const { shape, values } = this.source.read(`${name}.weight`);
    const [outputs, inputs] = [shape[0]!, shape[1]!];
    const bias = this.values(`${name}.bias`);
    const scaled = (numbers: Float32Array): Float32Array =>
      scale === 1 ? numbers : numbers.map((value) => value * scale);
    return { inputs, outputs, values: scaled(transposed(values, outputs, inputs)), bias: scaled(bias) };
  }

  linear(...matrices: Matrix[]): Linear {
    const joined = matrices.length === 1 ? matrices[0]! : joinColumns(matrices);
    const { inputs, outputs, values, bias } = joined;
    if (hasFused(FUSED.linear)) return this.panels(joined);
    const weight = this.keep(values, [inputs, outputs]);
    return { inputs, outputs, weight, bias: this.vector(bias), panels: false };
  }

  private panels({ inputs, outputs, values, bias }: Matrix): Linear {
    const count = Math.ceil(outputs / PANEL);
    const filled = new Float32Array(count * inputs * PANEL);
    for (let row = 0; row < inputs; row++) {
      for (let column = 0; column < outputs; column++) {
        const panel = Math.floor(column / PANEL);
        filled[(panel * inputs + row) * PANEL + (column % PANEL)] = values[row * outputs + column]!;
      }
    }
    const filledBias = new Float32Array(count * PANEL);
    filledBias.set(bias);
    const weight = this.keep(filled, [count, inputs, PANEL]);
    return { inputs, outputs, weight, bias: this.vector(filledBias), panels: true };
  }

  /** A convolution with its own bias. */
  convolution(name: string, depthwise = false): Convolution {
    const { shape, values } = this.source.read(`${name}.weight`);
    return this.turnConvolution(shape, values, this.values(`${name}.bias`), depthwise);
  }

  /** A convolution X.conv with a batch norm X.norm, which is folded here unless the converter did it. */
  normedConvolution(name: string, depthwise = false): Convolution {
    if (this.source.has(`${name}.conv.bias`)) return this.convolution(`${name}.conv`, depthwise);
    const { shape, values } = this.source.read(`${name}.conv.weight`);
    const part = (key: string): Float32Array => this.values(`${name}.norm.${key}`);
    const [gain, offset, mean, variance] = [part("weight"), part("bias"), part("running_mean"), part("running_var")];
    const folded = new Float32Array(values.length);
    const bias = new Float32Array(offset.length);
    const perOutput = values.length / offset.length;
    for (let output = 0; output < offset.length; output++) {
      const scale = gain[output]! / Math.sqrt(variance[output]! + BATCH_NORM_EPSILON);
      bias[output] = offset[output]! - mean[output]! * scale;
      for (let at = output * perOutput; at < (output + 1) * perOutput; at++) folded[at] = values[at]! * scale;
    }
    return this.turnConvolution(shape, folded, bias, depthwise);
  }

  dispose(): void {
    for (const made of this.kept) made.dispose();
    this.kept.length = 0;
  }

  private turnConvolution(
    shape: readonly number[],
    values: Float32Array,
    bias: Float32Array,
    depthwise: boolean,
  ): Convolution {
    const [outputs, inputs, height, width] = shape as [number, number, number, number];
    if (height === 1 && hasFused(FUSED.linear)) {
      const pointwise = this.linear({ inputs, outputs, values: transposed(values, outputs, inputs), bias });
      return { kernel: 1, filter: null, bias: null, depthwise: false, pointwise };
    }
    const turned = new Float32Array(values.length);
    const area = height * width;
    for (let output = 0; output < outputs; output++) {
      for (let input = 0; input < inputs; input++) {
        for (let cell = 0; cell < area; cell++) {
          turned[(cell * inputs + input) * outputs + output] = values[(output * inputs + input) * area + cell]!;
        }
      }
    }
    const filter = this.keep(turned, depthwise ? [height, width, outputs, 1] : [height, width, inputs, outputs]);
    return { kernel: height, filter: filter as Tensor4D, bias: this.vector(bias), depthwise, pointwise: null };
  }
}

/** A matrix of so many rows and columns, turned round. */
function transposed(values: Float32Array, rows: number, columns: number): Float32Array {
  const turned = new Float32Array(values.length);
  for (let row = 0; row < rows; row++) {
    for (let column = 0; column < columns; column++) turned[column * rows + row] = values[row * columns + column]!;
  }
  return turned;
}

/** Several layers over the same input as one: their outputs stand side by side. */
export function joinColumns(matrices: readonly Matrix[]): Matrix {
  const inputs = matrices[0]!.inputs;
  const outputs = matrices.reduce((sum, matrix) => sum + matrix.outputs, 0);
  const values = new Float32Array(inputs * outputs);
  const bias = new Float32Array(outputs);
  let at = 0;
  for (const matrix of matrices) {
    for (let row = 0; row < inputs; row++) {
      values.set(matrix.values.subarray(row * matrix.outputs, (row + 1) * matrix.outputs), row * outputs + at);
    }
    bias.set(matrix.bias, at);
    at += matrix.outputs;
  }
  return { inputs, outputs, values, bias };
}
