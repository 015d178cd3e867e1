// Bounds on what a checkpoint may claim, so that a hostile file costs a message and not the machine's memory.

const MEBIBYTE = 1024 * 1024;

export const CHECKPOINT_LIMITS = {
  /** The safetensors header: the paper's size needs about 60 kB. */
  headerBytes: 32 * MEBIBYTE,
  tensors: 100_000,
  dimensions: 8,
} as const;
