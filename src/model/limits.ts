// Bounds on what a manifest may claim, so that a hostile or broken one cannot make a page reserve absurd memory.

const MEBIBYTE = 1024 * 1024;

/** The format this version writes, and the newest it reads. Version 1 did not say its system: it knew only MNER-QG. */
export const FORMAT_VERSION = 2;

export const MANIFEST_LIMITS = {
  /** manifest.json itself, self-test vector included. */
  manifestBytes: 8 * MEBIBYTE,
  /** One weight shard: small enough to be fetched again when it arrives damaged. */
  shardBytes: 4 * MEBIBYTE,
  shards: 512,
  /** All shards together; the paper's size in float32 is 0.7 GiB. */
  totalBytes: 1024 * MEBIBYTE,
  tokenizerFiles: 16,
  tokenizerFileBytes: 32 * MEBIBYTE,
  tensors: 20_000,
  dimensions: 8,
  queries: 64,
} as const;
