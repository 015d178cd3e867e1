// What a checkpoint reader gives: names, shapes and number formats at once, the numbers one tensor at a time.
import type { ElementType } from "./element-type.js";

export interface CheckpointTensor {
  readonly name: string;
  readonly shape: readonly number[];
  readonly type: ElementType;
  /** Reads the numbers, row by row. Each call reads the file anew, so that nothing is held. */
  read(): Float32Array;
}

export interface Checkpoint {
  readonly tensors: ReadonlyMap<string, CheckpointTensor>;
  close(): void;
}

/** The product of a shape's sizes, or NaN when it is not one that can be counted exactly. */
export function countElements(shape: readonly number[]): number {
  let count = 1;
  for (const size of shape) {
    if (!Number.isSafeInteger(size) || size < 0) return Number.NaN;
    count *= size;
    if (!Number.isSafeInteger(count)) return Number.NaN;
  }
  return count;
}

/** A name from a file as it may stand in a message: short, one line, nothing that a terminal would act on. */
export function shown(name: string, most = 120): string {
  const clean = name.slice(0, most).replace(/[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/gu, "?");
  return `"${clean}${name.length > most ? "…" : ""}"`;
}
