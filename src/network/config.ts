// The sizes a network is built from, and the checks without which a shape error deep inside a kernel would be the first
// sign of a wrong model. The names are the training configuration's own.
import { MnerError } from "../errors/mner-error.js";

export interface TextSizes {
  readonly layers: number;
  readonly width: number;
  readonly heads: number;
  readonly feedForward: number;
  readonly vocabulary: number;
  readonly positions: number;
  readonly segments: number;
  readonly shapes: number;
  readonly normEpsilon: number;
}

export type ImageKind = "csp-darknet-pan" | "darknet53-fpn";

export interface ImageSizes {
  readonly kind: ImageKind;
  readonly size: number;
  /** Channels of V_1..V_3, coarsest first. */
  readonly channels: readonly number[];
  readonly strides: readonly number[];
}

export interface NetworkConfig {
  readonly text: TextSizes;
  readonly image: ImageSizes;
  /** The common width d of text and photo. */
  readonly width: number;
  readonly attentionHeads: number;
  /** Whether the 3×3 of the query-conditioned maps is per channel; when absent, as the image encoder is. */
  readonly depthwise?: boolean;
}

/** Cells per scale are boxes of this many anchors, each of x, y, width, height and confidence. */
export const ANCHORS = 3;
export const BOX_VALUES = 5;
/** Left, top, right, bottom, centre (2) and size (2) of a cell. */
export const COORDINATES = 8;
export const SCALES = 3;

const KINDS: readonly ImageKind[] = ["csp-darknet-pan", "darknet53-fpn"];

export function isDepthwise(config: NetworkConfig): boolean {
  return config.depthwise ?? config.image.kind === "csp-darknet-pan";
}

/** Cells per side at each scale, coarsest first. */
export function gridSizes(config: NetworkConfig): number[] {
  return config.image.strides.map((stride) => config.image.size / stride);
}

/** Channels of the stem, from which every other width of the image encoder follows. */
export function stemWidth(image: ImageSizes): number {
  return image.kind === "csp-darknet-pan" ? Math.floor(image.channels[0]! / 8) : Math.floor(image.channels[2]! / 4);
}

/** Throws `model-mismatch` when no network can be built from these sizes. */
export function checkNetworkConfig(config: NetworkConfig): void {
  const { text, image } = config;
  const whole: [string, number][] = [
    ["width", config.width],
    ["attentionHeads", config.attentionHeads],
    ["text.layers", text.layers],
    ["text.width", text.width],
    ["text.heads", text.heads],
    ["text.feedForward", text.feedForward],
    ["text.vocabulary", text.vocabulary],
    ["text.positions", text.positions],
    ["text.segments", text.segments],
    ["text.shapes", text.shapes],
    ["image.size", image.size],
  ];
  for (const [name, value] of whole) {
    if (!Number.isInteger(value) || value < 1) fail(`${name} is ${value}, but must be a positive whole number`);
  }
  if (!(text.normEpsilon >= 0)) fail(`text.normEpsilon is ${text.normEpsilon}, but must not be negative`);
  if (text.width % text.heads !== 0) fail(`text.width ${text.width} does not divide by ${text.heads} heads`);
  if (config.width % config.attentionHeads !== 0) {
    fail(`width ${config.width} does not divide by ${config.attentionHeads} attention heads`);
  }
  if (!KINDS.includes(image.kind)) fail(`image.kind "${image.kind}" is not one of ${KINDS.join(", ")}`);
  if (image.channels.length !== SCALES || image.strides.length !== SCALES)
    fail("image needs three channels and strides");
  // Both encoders halve five times; their maps come after the third, fourth and fifth halving.
  if (image.strides.join() !== "32,16,8") fail(`image.strides are ${image.strides.join(", ")}, but must be 32, 16, 8`);
  if (image.size % 32 !== 0) fail(`image.size ${image.size} does not divide by 32`);
  const stem = stemWidth(image);
  const channels = image.kind === "csp-darknet-pan" ? [8, 8, 8] : [16, 8, 4];
  if (stem < 1 || channels.some((factor, scale) => image.channels[scale] !== factor * stem)) {
    fail(`image.channels ${image.channels.join(", ")} are no widths of ${image.kind}`);
  }
}

function fail(what: string): never {
  throw new MnerError(
    "model-mismatch",
    `The model's config cannot be built: ${what}. Convert or download the model again.`,
  );
}
