// The network room: tensors and named weights, nothing of text, photos or files.
export type { ImageKind, ImageSizes, NetworkConfig, TextSizes } from "./config.js";
export { checkNetworkConfig, gridSizes } from "./config.js";
export { BATCH_NORM_EPSILON, expectedTensors, normedConvolutions } from "./expected-tensors.js";
export type { FeatureData } from "./feature-data.js";
export { makeFeatures, readFeatures } from "./feature-data.js";
export type {
  Activation,
  AttentionAttributes,
  ConditionAttributes,
  DepthwiseAttributes,
  LinearAttributes,
} from "./fused.js";
export { FUSED, PANEL } from "./fused.js";
export type { ImageFeatures, Network, RunOptions } from "./network.js";
export { buildNetwork, buildNetworkInSlices } from "./network.js";
export type { NetworkOutput } from "./read-output.js";
export type { Sequences } from "./text-encoder.js";
export type { NamedWeight, WeightSource } from "./weights.js";
