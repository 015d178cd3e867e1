// Tensors of one run, which is cut into slices between which the thread is free: freed when spent, and all of them when the
// run ends or fails. Stands where a single tidy would, if a run were a single piece of work.
import { concat, reshape, type Tensor, type TensorContainer, tidy } from "@tensorflow/tfjs-core";
import { tensorsIn } from "./tensor-tree.js";

export interface RunOptions {
  /**
   * Awaited between slices of the work, so that whoever runs the network can look for an abort (by throwing) and let other
   * tasks of the thread go first. Slices of the small network take some ten milliseconds on one core.
   */
  readonly pause?: () => void | Promise<void>;
  /** Wraps each wait for the device, so that whoever knows that the device is gone can end it: it would never end by itself. */
  readonly wait?: <T>(work: Promise<T>) => Promise<T>;
  /** Sees the output of each module under the reference's name; it must copy what it wants to keep. For tests. */
  readonly watch?: (name: string, tensor: Tensor) => void;
}

export class TensorScope {
  private readonly tensors = new Set<Tensor>();
  private readonly options: RunOptions;

  constructor(options: RunOptions = {}) {
    this.options = options;
  }

  /** One slice of the work. Its results belong to the scope, what is `spent` is freed, and then others get the thread. */
  async slice<T>(work: () => T, ...spent: readonly unknown[]): Promise<T> {
    const result = tidy(() => work() as TensorContainer) as T;
    const kept = tensorsIn(result);
    for (const tensor of kept) this.tensors.add(tensor);
    for (const tensor of tensorsIn(spent)) {
      if (!kept.includes(tensor) && this.tensors.delete(tensor)) tensor.dispose();
    }
    await this.options.pause?.();
    return result;
  }

  /** Whether anyone compares: what is made for that alone need not be made otherwise. */
  get watched(): boolean {
    return this.options.watch !== undefined;
  }

  /** Shows a module's output to whoever compares it with the reference. */
  watch(name: string, tensor: Tensor): void {
    this.options.watch?.(name, tensor);
  }

  /** Hands tensors over to someone who will free them. */
  release<T>(tree: T): T {
    for (const tensor of tensorsIn(tree)) this.tensors.delete(tensor);
    return tree;
  }

  /** Numbers of named outputs. They come back in one piece, since each read-back waits for the device once more. */
  async read<Name extends string>(outputs: Readonly<Record<Name, Tensor>>): Promise<Record<Name, Float32Array>> {
    const entries = Object.entries(outputs) as [Name, Tensor][];
    const joined = await this.slice(() => concat(entries.map(([, tensor]) => reshape(tensor, [tensor.size]))), outputs);
    const reading = joined.data() as Promise<Float32Array>;
    const values = await (this.options.wait ? this.options.wait(reading) : reading);
    let at = 0;
    return Object.fromEntries(
      entries.map(([name, { size }]) => {
        at += size;
        return [name, values.slice(at - size, at)];
      }),
    ) as Record<Name, Float32Array>;
  }

  end(): void {
    for (const tensor of this.tensors) tensor.dispose();
    this.tensors.clear();
  }
}

/** Runs work in a scope of its own; what it does not release is freed. */
export async function withScope<T>(options: RunOptions, work: (scope: TensorScope) => Promise<T>): Promise<T> {
  const scope = new TensorScope(options);
  try {
    return await work(scope);
  } finally {
    scope.end();
  }
}
