// Tensors inside plain objects and lists: found, freed, and carried to another thread as numbers.
import { Tensor, tensor } from "@tensorflow/tfjs-core";

/** A tree with numbers in place of its tensors; it survives structuredClone. */
export type PlainTree = unknown;

interface PlainTensor {
  readonly shape: readonly number[];
  readonly values: Float32Array;
}

/** Part of a tree that is freed with it but not carried: another thread makes its own. */
export class Staying<T> {
  items: T[] = [];
}

const STAYS = "staying";

export function tensorsIn(tree: unknown): Tensor[] {
  if (tree instanceof Tensor) return [tree];
  return isBranch(tree) ? Object.values(tree).flatMap(tensorsIn) : [];
}

export function disposeTree(tree: unknown): void {
  for (const one of tensorsIn(tree)) if (!one.isDisposed) one.dispose();
}

/** Reads every tensor back from the device; they stay where they are, too. */
export async function readTree(tree: unknown): Promise<PlainTree> {
  if (tree instanceof Tensor) return { shape: tree.shape, values: await tree.data() };
  if (tree instanceof Staying) return { [STAYS]: true };
  if (!isBranch(tree)) return tree;
  const entries = Object.entries(tree).map(async ([key, child]) => [key, await readTree(child)] as const);
  const read = await Promise.all(entries);
  return Array.isArray(tree) ? read.map(([, child]) => child) : Object.fromEntries(read);
}

/** The same tensors on this thread's current backend. */
export function makeTree<T>(plain: PlainTree): T {
  return make(plain) as T;
}

function make(plain: PlainTree): unknown {
  if (isPlainTensor(plain)) return tensor(plain.values, [...plain.shape], "float32");
  if (!isBranch(plain)) return plain;
  if (STAYS in plain) return new Staying();
  if (Array.isArray(plain)) return plain.map(make);
  return Object.fromEntries(Object.entries(plain).map(([key, child]) => [key, make(child)]));
}

function isBranch(value: unknown): value is object {
  return typeof value === "object" && value !== null && !ArrayBuffer.isView(value);
}

function isPlainTensor(value: unknown): value is PlainTensor {
  return isBranch(value) && "values" in value && value.values instanceof Float32Array && "shape" in value;
}
