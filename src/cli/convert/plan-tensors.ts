// Holds a checkpoint against the weights its config asks for, and says of each weight how to get it: as it stands, or by
// folding a batch norm. Everything that is missing, misshapen or left over is listed at once.
import { MnerError } from "../../core/mner-error.js";
import { BATCH_NORM_EPSILON, foldBias, foldWeight, type NormParameters } from "../../nn/batch-norm.js";
import type { Checkpoint, CheckpointTensor } from "../checkpoint/checkpoint.js";
import { shown } from "../checkpoint/checkpoint.js";

/** What a network declares (nn/readers.ts, ShapeCollector). */
interface Expected {
  readonly shapes: ReadonlyMap<string, readonly number[]>;
  readonly normed: readonly string[];
}

/** A weight of the network that is about to be written. */
export interface PlannedTensor {
  readonly name: string;
  readonly shape: readonly number[];
  /** float32 values in PyTorch's layout; reads the checkpoint anew each time. */
  read(): Float32Array;
}

/** DistributedDataParallel puts this before every name. */
const WRAPPER_PREFIX = "module.";
const FLOAT_TYPES = new Set(["f64", "f32", "f16", "bf16"]);

/** All weights in the network's own order; throws `checkpoint-mismatch` with the full list of what is wrong. */
export function planTensors({ shapes, normed: layers }: Expected, checkpoint: Checkpoint): PlannedTensor[] {
  const source = new SourceTensors(checkpoint);
  const normed = new Set(layers);
  const planned: PlannedTensor[] = [];
  for (const [name, shape] of shapes) {
    const layer = /^(.*)\.conv\.(weight|bias)$/.exec(name);
    const folds = layer !== null && normed.has(layer[1]!) && !source.isFolded(layer[1]!);
    const read = folds ? planFold(source, layer[1]!, layer[2]!, shape) : source.take(name, shape);
    planned.push({ name, shape, read });
  }
  source.finish();
  return planned;
}

function planFold(source: SourceTensors, layer: string, part: string, shape: readonly number[]): () => Float32Array {
  const channels = [shape[0]!];
  const weight = source.take(`${layer}.norm.weight`, channels);
  const bias = source.take(`${layer}.norm.bias`, channels);
  const mean = source.take(`${layer}.norm.running_mean`, channels);
  const variance = source.take(`${layer}.norm.running_var`, channels);
  source.ignore(`${layer}.norm.num_batches_tracked`);
  const norm = (): NormParameters => ({
    weight: weight(),
    bias: bias(),
    mean: mean(),
    variance: variance(),
    epsilon: BATCH_NORM_EPSILON,
  });
  if (part === "bias") return () => foldBias(norm());
  const kernel = source.take(`${layer}.conv.weight`, shape);
  return () => foldWeight(kernel(), norm());
}

/** The checkpoint's tensors, with a record of which were asked for and which did not fit. */
class SourceTensors {
  private readonly tensors: ReadonlyMap<string, CheckpointTensor>;
  private readonly used = new Set<string>();
  private readonly missing = new Set<string>();
  private readonly wrong = new Map<string, string>();

  constructor(checkpoint: Checkpoint) {
    const names = [...checkpoint.tensors.keys()];
    const wrapped = names.length > 0 && names.every((name) => name.startsWith(WRAPPER_PREFIX));
    this.tensors = wrapped
      ? new Map([...checkpoint.tensors].map(([name, tensor]) => [name.slice(WRAPPER_PREFIX.length), tensor]))
      : checkpoint.tensors;
  }

  /** Whether the layer comes without a norm and with a bias: someone folded it already. */
  isFolded(layer: string): boolean {
    return this.tensors.has(`${layer}.conv.bias`) && !this.tensors.has(`${layer}.norm.running_mean`);
  }

  take(name: string, shape: readonly number[]): () => Float32Array {
    const tensor = this.tensors.get(name);
    if (tensor === undefined) {
      this.missing.add(name);
      return () => new Float32Array(0);
    }
    this.used.add(name);
    if (tensor.shape.length !== shape.length || tensor.shape.some((size, axis) => size !== shape[axis])) {
      this.wrong.set(name, `is [${tensor.shape.join(", ")}], expected [${shape.join(", ")}]`);
    } else if (!FLOAT_TYPES.has(tensor.type)) {
      this.wrong.set(name, `holds whole numbers (${tensor.type}), expected floating point`);
    }
    return () => tensor.read();
  }

  ignore(name: string): void {
    this.used.add(name);
  }

  finish(): void {
    const unexpected = [...this.tensors.keys()].filter((name) => !this.used.has(name));
    const lines = [
      ...section(
        "missing",
        [...this.missing].map((name) => shown(name)),
      ),
      ...section(
        "of the wrong shape or kind",
        [...this.wrong].map(([name, problem]) => `${shown(name)} ${problem}`),
      ),
      ...section(
        "unexpected",
        unexpected.map((name) => shown(name)),
      ),
    ];
    if (lines.length === 0) return;
    throw new MnerError(
      "checkpoint-mismatch",
      `The checkpoint does not have the weights that its config.json describes. Use the config it was trained with.\n${lines.join("\n")}`,
    );
  }
}

function section(title: string, entries: readonly string[]): string[] {
  return entries.length === 0 ? [] : [`  ${entries.length} ${title}:`, ...entries.map((entry) => `    ${entry}`)];
}
