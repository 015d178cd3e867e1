// What a pickle can hold once nothing in it may run: plain values, containers, allowed names, and tensors by reference.
import { CHECKPOINT_LIMITS } from "./limits.js";

/** A container is an object of its own, since a pickle may hold the same one in many places. */
export type PickleValue =
  | null
  | boolean
  | number
  | bigint
  | string
  | Uint8Array
  | PickleList
  | PickleDict
  | PickleGlobal
  | PickleStorage
  | PickleTensor;

export interface PickleList {
  readonly kind: "list";
  readonly items: PickleValue[];
}

export interface PickleDict {
  readonly kind: "dict";
  readonly entries: Map<PickleValue, PickleValue>;
}

/** An allowed name; `module.name` as Python writes it. */
export interface PickleGlobal {
  readonly kind: "global";
  readonly name: string;
}

/** The numbers of one or more tensors, by the name of their part of the archive. */
export interface PickleStorage {
  readonly kind: "storage";
  readonly storageType: string;
  readonly key: string;
  readonly elements: number;
}

export interface PickleTensor {
  readonly kind: "tensor";
  readonly storage: PickleStorage;
  readonly offset: number;
  readonly shape: readonly number[];
  readonly strides: readonly number[];
}

/** A list or a tuple: the difference does not matter here. */
export function asTuple(value: PickleValue | undefined): readonly PickleValue[] | null {
  return typeof value === "object" && value !== null && "kind" in value && value.kind === "list" ? value.items : null;
}

/** A list of sizes, strides or counts. */
export function asSizes(value: PickleValue | undefined): number[] | null {
  const items = asTuple(value);
  if (items === null || items.length > CHECKPOINT_LIMITS.dimensions) return null;
  const sizes = items.filter(
    (item): item is number => typeof item === "number" && Number.isSafeInteger(item) && item >= 0,
  );
  return sizes.length === items.length ? sizes : null;
}

export function isKind<K extends "dict" | "global" | "storage" | "tensor">(
  value: PickleValue | undefined,
  kind: K,
): value is Extract<PickleValue, { kind: K }> {
  return typeof value === "object" && value !== null && "kind" in value && value.kind === kind;
}
