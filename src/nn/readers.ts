// The two readers of a network's declarations (parameters.ts): what weights there are, and the weights themselves.
import { type Tensor, tensor } from "@tensorflow/tfjs-core";
import { MnerError } from "../core/mner-error.js";
import { BATCH_NORM_EPSILON, type NormParameters } from "./batch-norm.js";
import { Parameters, type Values } from "./parameters.js";

export interface NamedWeight {
  readonly shape: readonly number[];
  readonly values: Float32Array;
}

/** Where weights come from: a model folder, or a checkpoint in a test. */
export interface WeightSource {
  has(name: string): boolean;
  read(name: string): NamedWeight;
  /** The shape alone, where it can be had without decoding. */
  shapeOf?(name: string): readonly number[];
}

/** Lists every weight a network declares. Nothing is made, and the network must not be run. */
export class ShapeCollector extends Parameters {
  /** Names and shapes with batch norms folded: a normed convolution X has `X.conv.weight` and `X.conv.bias`. */
  readonly shapes = new Map<string, readonly number[]>();
  /**
   * The convolutions X that have a batch norm before folding. Unfolded, X has `X.conv.weight` without a bias and
   * `X.norm.weight`, `X.norm.bias`, `X.norm.running_mean`, `X.norm.running_var`, each of [output channels].
   */
  readonly normed: string[] = [];

  values(name: string, shape: readonly number[]): Values {
    this.shapes.set(name, shape);
    return { read: () => new Float32Array(0) };
  }

  later<T extends object>(): T {
    return {} as T;
  }

  tensor(): never {
    throw new MnerError("internal", "A network that only lists its weights has no tensors. Please report it.");
  }

  protected packed(): never {
    return this.tensor();
  }

  atEnd(): void {}

  protected batchNorm(name: string): null {
    this.normed.push(name);
    return null;
  }

  protected lowRank(): null {
    return null;
  }
}

/** Checks each weight where it is declared, and makes tensors of all of them in `load`. One call frees them again. */
export class WeightLoader extends Parameters {
  private readonly source: WeightSource;
  private readonly kept: Tensor[] = [];
  private readonly waiting: (() => void)[] = [];
  private readonly ends: (() => void)[] = [];

  constructor(source: WeightSource) {
    super();
    this.source = source;
  }

  values(name: string, shape: readonly number[]): Values {
    const { source } = this;
    if (!source.has(name)) {
      throw mismatch(`The model has no weight named "${name}", which its config asks for.`);
    }
    const found = source.shapeOf?.(name) ?? source.read(name).shape;
    if (found.join() !== shape.join()) {
      throw mismatch(
        `The model's weight "${name}" is [${found.join(", ")}], but its config asks for [${shape.join(", ")}].`,
      );
    }
    return { read: () => source.read(name).values };
  }

  later<T extends object>(make: () => T): T {
    const made = {} as T;
    this.waiting.push(() => Object.assign(made, make()));
    return made;
  }

  tensor<T extends Tensor>(values: Float32Array, shape: readonly number[]): T {
    const made = tensor(values, [...shape], "float32");
    this.kept.push(made);
    return made as Tensor as T;
  }

  protected packed(bytes: Int8Array, shape: readonly number[]): Tensor {
    const made = tensor(new Int32Array(bytes.buffer, bytes.byteOffset, bytes.length / 4), [...shape], "int32");
    this.kept.push(made);
    return made;
  }

  /** Reads, lays out and uploads everything declared, layer by layer, and lets others have the thread in between. */
  async load(pause?: () => void | Promise<void>): Promise<void> {
    try {
      for (const make of this.waiting.splice(0)) {
        make();
        await pause?.();
      }
    } catch (error) {
      this.dispose();
      throw error;
    }
  }

  atEnd(work: () => void): void {
    this.ends.push(work);
  }

  dispose(): void {
    for (const end of this.ends.splice(0)) end();
    for (const made of this.kept.splice(0)) made.dispose();
  }

  protected batchNorm(name: string, outputs: number): (() => NormParameters) | null {
    if (!this.source.has(`${name}.norm.running_var`)) return null;
    const part = (key: string): Values => this.values(`${name}.norm.${key}`, [outputs]);
    const [weight, bias, mean, variance] = [part("weight"), part("bias"), part("running_mean"), part("running_var")];
    return () => ({
      weight: weight.read(),
      bias: bias.read(),
      mean: mean.read(),
      variance: variance.read(),
      epsilon: BATCH_NORM_EPSILON,
    });
  }

  /** A system that shares another's encoder may bring `X.low_rank.down` [r, inputs] and `X.low_rank.up` [outputs, r]. */
  protected lowRank(name: string, inputs: number, outputs: number): (() => Float32Array) | null {
    const [down, up] = [`${name}.low_rank.down`, `${name}.low_rank.up`];
    // One half alone is a fault that must not pass for "no delta".
    if (!this.source.has(down) && !this.source.has(up)) return null;
    const rank = this.source.has(down) ? (this.source.shapeOf?.(down) ?? this.source.read(down).shape)[0]! : 0;
    const [downValues, upValues] = [this.values(down, [rank, inputs]), this.values(up, [outputs, rank])];
    return () => {
      const [a, b] = [upValues.read(), downValues.read()];
      const product = new Float32Array(outputs * inputs);
      for (let output = 0; output < outputs; output++) {
        for (let r = 0; r < rank; r++) {
          const factor = a[output * rank + r]!;
          for (let input = 0; input < inputs; input++)
            product[output * inputs + input]! += factor * b[r * inputs + input]!;
        }
      }
      return product;
    };
  }
}

function mismatch(what: string): MnerError {
  return new MnerError("model-mismatch", `${what} Convert or download the model again.`);
}
