// Bounds on what a checkpoint may claim, so that a hostile file costs a message and not the machine's memory.

const MEBIBYTE = 1024 * 1024;

export const CHECKPOINT_LIMITS = {
  /** The safetensors header: the paper's size needs about 60 kB. */
  headerBytes: 32 * MEBIBYTE,
  /** A pickle of names and shapes, without the numbers: the paper's size needs about 100 kB. */
  pickleBytes: 16 * MEBIBYTE,
  /** Each operation may make one small object, so this bounds the pickle machine's memory. */
  pickleOperations: 1_000_000,
  /** Python integers longer than this are no shape, offset or count. */
  integerBytes: 255,
  zipEntries: 100_000,
  zipDirectoryBytes: 32 * MEBIBYTE,
  tensors: 100_000,
  dimensions: 8,
  /** Names in messages are cut to this many characters. */
  shownName: 120,
} as const;
