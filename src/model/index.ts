// The model folder: its manifest, its shards, its hashes, its numbers. Nothing here knows tensors, text or photos.
export { FORMAT_VERSION, MANIFEST_LIMITS } from "./limits.js";
export type { LoadedModel, LoadOptions } from "./load.js";
export { loadModel } from "./load.js";
export { checkManifest, isSafePath, MANIFEST_FILE, parseManifest, readQueries } from "./manifest.js";
export type {
  BaseFolder,
  FileEntry,
  FreeForm,
  ModelManifest,
  SelfTest,
  TensorEncoding,
  TensorEntry,
} from "./manifest-types.js";
export type { LoadProgress } from "./progress.js";
export type { WeightBits } from "./quantise.js";
export {
  decodeFloat16,
  decodeInt8,
  encodeFloat16,
  encodeInt8,
  encodingFor,
} from "./quantise.js";
export type { RetryRule } from "./retry.js";
export { sha256 } from "./sha256.js";
export type { ModelNotice } from "./storage.js";
export type { DecodedTensor, Weights } from "./weights.js";
export { openWeights } from "./weights.js";
export type { ModelDescription, NamedTensor, WriteOptions } from "./write.js";
export { UNCALIBRATED, writeModel } from "./write.js";
