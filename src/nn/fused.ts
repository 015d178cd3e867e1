// Kernels that a backend may have beyond TensorFlow.js' own: the network's commonest patterns in one pass. Where a backend
// has none, the same is composed from ordinary operations.
import { engine, getBackend, getKernel, type Tensor } from "@tensorflow/tfjs-core";

export const FUSED = {
  /**
   * `x` of rows [.., inputs], `panels` [panels, inputs, PANEL], `bias` [panels × PANEL], LinearAttributes → [.., outputs]. The
   * matrix is cut into panels of neighbouring columns, the last one filled up with zeros, and so is the bias. Rows may be spread
   * over `x` and `x1` to `x3`, as if these stood side by side. `plus` (may be missing) is added after the activation; it may have
   * fewer rows, which are then added again and again.
   */
  linear: "MnerLinear",
  /**
   * The same for weights of eight bits: `panels` hold four of them to a number, two of a column side by side, and are as deep as
   * `inputs` filled up to a multiple of DEPTH; `steps` [panels × PANEL] is what one stands for in each column.
   */
  linear16: "MnerLinear16",
  /** `x` → u + u · erf u. */
  gelu: "MnerGelu",
  /** `x` → x · sigmoid x. */
  silu: "MnerSilu",
  /** `x` [batch, height, width, channels], `filter` [kernel, kernel, channels, 1], `bias`, DepthwiseAttributes → the same, convolved. */
  depthwise: "MnerDepthwise",
  /**
   * `x` [1, height, width, channels], `conditions` of rows, ConditionAttributes → SiLU of x scaled and shifted channel by channel,
   * once for each row of conditions.
   */
  condition: "MnerCondition",
  /** `x`, `y` (may be missing), `gain`, `offset`, attribute `epsilon` → layer norm of the rows of x + y. */
  layerNorm: "MnerLayerNorm",
  /** `query`, `key`, `value`, `mask` (may be missing), AttentionAttributes → rows like the queries, [rows, width]. */
  attention: "MnerAttention",
} as const;

/** Columns per panel of a linear layer's matrix. */
export const PANEL = 8;

/** A matrix of eight bits is filled up with zeros to a multiple of so many inputs. */
export const DEPTH = 8;

/** The most that `linear` takes side by side. */
export const MOST_PARTS = 4;

export type Activation = "linear" | "gelu" | "silu" | "leakyrelu";

export interface LinearAttributes {
  readonly inputs: number;
  readonly outputs: number;
  /** `gelu` is scaled as above, `leakyrelu` keeps a tenth. */
  readonly activation: Activation;
  /** `linear16` only: the largest whole number that rows are quantised to. */
  readonly top?: number;
}

export interface DepthwiseAttributes {
  readonly stride: number;
  readonly activation: Activation;
}

/** Where in its row a condition's scales begin; its shifts follow. Channels are a multiple of 4. */
export interface ConditionAttributes {
  readonly column: number;
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
