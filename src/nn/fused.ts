// Kernels that a backend may have beyond TensorFlow.js' own: the network's commonest patterns in one pass. Where a backend
// has none, the same is composed from ordinary operations.
import { engine, getBackend, getKernel, type Tensor } from "@tensorflow/tfjs-core";

export const FUSED = {
  /**
   * `x` of rows [.., inputs], `panels` [panels, inputs, PANEL], `bias` [panels × PANEL], LinearAttributes → [.., outputs]. The
   * matrix is cut into panels of neighbouring columns, the last one filled up with zeros, and so is the bias.
   */
  linear: "MnerLinear",
  /** `x` → u + u · erf u. */
  gelu: "MnerGelu",
  /** `x` → x · sigmoid x. */
  silu: "MnerSilu",
  /** `x`, `y` (may be missing), `gain`, `offset`, attribute `epsilon` → layer norm of the rows of x + y. */
  layerNorm: "MnerLayerNorm",
  /** `query`, `key`, `value`, `mask` (may be missing), AttentionAttributes → rows like the queries, [rows, width]. */
  attention: "MnerAttention",
} as const;

/** Columns per panel of a linear layer's matrix. */
export const PANEL = 8;

export type Activation = "linear" | "gelu" | "silu" | "leakyrelu";

export interface LinearAttributes {
  readonly inputs: number;
  readonly outputs: number;
  /** `gelu` is scaled as above, `leakyrelu` keeps a tenth. */
  readonly activation: Activation;
}

/** All heads of all sequences at once. Each input is a matrix of rows, of which `width` columns from a given one are meant. */
export interface AttentionAttributes {
  readonly batch: number;
  readonly heads: number;
  /** Of all heads together; a head is a multiple of 8 wide. */
  readonly width: number;
  readonly queryColumn: number;
  readonly keyColumn: number;
  readonly valueColumn: number;
}

export function hasFused(name: string): boolean {
  return getKernel(name, getBackend()) !== undefined;
}

/** Missing inputs must be left out, not undefined: the engine keeps count of what it is given. */
export function runFused<T extends Tensor>(
  name: string,
  inputs: Readonly<Record<string, Tensor | null>>,
  attributes: object = {},
): T {
  const given = Object.fromEntries(Object.entries(inputs).filter(([, tensor]) => tensor !== null)) as Record<
    string,
    Tensor
  >;
  return engine().runKernel(name, given, attributes as Parameters<ReturnType<typeof engine>["runKernel"]>[2]) as T;
}
