// Tensors that outlive one tidy, because a run is cut into slices between which the thread is free.
import type { Tensor } from "@tensorflow/tfjs-core";

/** Freed one by one as the run goes on; whatever is left is freed when it ends or fails. */
export class Held {
  private readonly tensors = new Set<Tensor>();

  hold<T extends Tensor>(tensor: T): T {
    this.tensors.add(tensor);
    return tensor;
  }

  holdAll<T extends Tensor>(tensors: readonly T[]): readonly T[] {
    for (const tensor of tensors) this.tensors.add(tensor);
    return tensors;
  }

  free(...tensors: readonly Tensor[]): void {
    for (const tensor of tensors) {
      if (this.tensors.delete(tensor)) tensor.dispose();
    }
  }

  /** Hands a tensor over to someone who will free it. */
  release<T extends Tensor>(tensor: T): T {
    this.tensors.delete(tensor);
    return tensor;
  }

  end(): void {
    for (const tensor of this.tensors) tensor.dispose();
    this.tensors.clear();
  }
}
