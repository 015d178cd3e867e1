// From named weights in PyTorch's layout to tensors in TensorFlow.js' layout, once, at load: matrices turned round,
// convolutions height-width-in-out, batch norms folded away, neighbours joined into one matrix where one product will do.
import { type Tensor, type Tensor1D, type Tensor4D, tensor } from "@tensorflow/tfjs-core";
import { MnerError } from "../errors/mner-error.js";
import type { NetworkConfig } from "./config.js";
import { BATCH_NORM_EPSILON, expectedTensors, normedConvolutions } from "./expected-tensors.js";
import { FUSED, hasFused, PANEL } from "./fused.js";
import { toSteps } from "./steps.js";

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

/** Numbers of a linear layer before they become tensors, as PyTorch has them: one row of `inputs` numbers per output. */
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

  /** Bytes, four to a number of the shape. */
  private keepPacked(bytes: Int8Array, shape: number[]): Tensor {
    const made = tensor(new Int32Array(bytes.buffer, bytes.byteOffset, bytes.length / 4), shape, "int32");
    this.kept.push(made);
    return made;
  }

  vector(values: Float32Array): Tensor1D {
    return this.keep(values, [values.length]) as Tensor1D;
  }

  /** A linear layer's numbers; a 1×1 convolution is one too. `scale` multiplies what comes out. */
  matrix(name: string, scale = 1): Matrix {
    const { shape, values } = this.source.read(`${name}.weight`);
    const bias = this.values(`${name}.bias`);
    return { inputs: shape[1]!, outputs: shape[0]!, values: scaled(values, scale), bias: scaled(bias, scale) };
  }

  /** One layer, or several over the same input as one: their outputs stand side by side. */
  linear(...matrices: Matrix[]): Linear {
    const joined = matrices.length === 1 ? matrices[0]! : join(matrices);
    const { inputs, outputs } = joined;
    if (!hasFused(FUSED.linear)) {
      const weight = this.keep(turned(joined.values, outputs, inputs), [inputs, outputs]);
      return { inputs, outputs, weight, steps: null, top: 0, bias: this.vector(joined.bias), kernel: null };
    }
    const panels = Math.ceil(outputs / PANEL);
    const filled = (values: Float32Array): Tensor1D => {
      const whole = new Float32Array(panels * PANEL);
      whole.set(values);
      return this.vector(whole);
    };
    const bias = filled(joined.bias);
    const eightBits = hasFused(FUSED.linear16) ? toSteps(joined) : null;
    if (eightBits !== null) {
      const depth = eightBits.values.length / (panels * PANEL);
      const weight = this.keepPacked(eightBits.values, [panels, depth, PANEL / 4]);
      return {
        inputs,
        outputs,
        weight,
        steps: filled(eightBits.steps),
        top: eightBits.top,
        bias,
        kernel: FUSED.linear16,
      };
    }
    const weight = this.keep(toPanels(joined), [panels, inputs, PANEL]);
    return { inputs, outputs, weight, steps: null, top: 0, bias, kernel: FUSED.linear };
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
      const pointwise = this.linear({ inputs, outputs, values, bias });
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

/** Scales what comes in: the bias stays. */
export function scaleInputs(matrix: Matrix, scale: number): Matrix {
  return { ...matrix, values: scaled(matrix.values, scale) };
}

function scaled(values: Float32Array, scale: number): Float32Array {
  if (scale === 1) return values;
  const result = new Float32Array(values.length);
  for (let i = 0; i < values.length; i++) result[i] = values[i]! * scale;
  return result;
}

function join(matrices: readonly Matrix[]): Matrix {
  const inputs = matrices[0]!.inputs;
  const outputs = matrices.reduce((sum, matrix) => sum + matrix.outputs, 0);
  const values = new Float32Array(inputs * outputs);
  const bias = new Float32Array(outputs);
  let at = 0;
  for (const matrix of matrices) {
    values.set(matrix.values, at * inputs);
    bias.set(matrix.bias, at);
    at += matrix.outputs;
  }
  return { inputs, outputs, values, bias };
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
function toPanels({ inputs, outputs, values }: Matrix): Float32Array {
  const result = new Float32Array(Math.ceil(outputs / PANEL) * PANEL * inputs);
  for (let output = 0; output < outputs; output++) {
    const column = output % PANEL;
    const panel = (output - column) * inputs;
    const from = output * inputs;
    for (let input = 0; input < inputs; input++) result[panel + input * PANEL + column] = values[from + input]!;
  }
  return result;
}
