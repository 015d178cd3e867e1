// Every weight a network of given sizes has, by name and PyTorch shape. The converter checks checkpoints against it and
// the network checks model folders: a missing or misshapen weight is named before anything runs. No tensors here.
import {
  ANCHORS,
  BOX_VALUES,
  COORDINATES,
  checkNetworkConfig,
  type ImageSizes,
  isDepthwise,
  type NetworkConfig,
  SCALES,
  stemWidth,
  type TextSizes,
} from "./config.js";

export type Shapes = Map<string, readonly number[]>;

/** The epsilon of PyTorch's batch norms, which folding needs. */
export const BATCH_NORM_EPSILON = 1e-5;

/** Residual blocks per stage of Darknet-53. */
export const DARKNET_BLOCKS = [1, 2, 8, 8, 4] as const;
/** Bottlenecks in the cross stage of each stage of the small CSPDarknet. */
export const CSP_BLOCKS = [1, 3, 3, 1] as const;

/** Names and shapes with batch norms folded: a normed convolution X has `X.conv.weight` and `X.conv.bias`. */
export function expectedTensors(config: NetworkConfig): Shapes {
  return list(config).shapes;
}

/**
 * The convolutions X that have a batch norm before folding. Unfolded, X has `X.conv.weight` without a bias and
 * `X.norm.weight`, `X.norm.bias`, `X.norm.running_mean`, `X.norm.running_var`, each of [output channels].
 */
export function normedConvolutions(config: NetworkConfig): readonly string[] {
  return list(config).normed;
}

function list(config: NetworkConfig): Listing {
  checkNetworkConfig(config);
  const listing = new Listing();
  listText(listing, config.text);
  if (config.image.kind === "csp-darknet-pan") listCspDarknet(listing, config.image);
  else listDarknet53(listing, config.image);
  listInteractions(listing, config);
  listHeads(listing, config);
  return listing;
}

/** Collects weights; one method per kind of PyTorch module. */
class Listing {
  readonly shapes: Shapes = new Map();
  readonly normed: string[] = [];

  linear(name: string, inputs: number, outputs: number): void {
    this.shapes.set(`${name}.weight`, [outputs, inputs]);
    this.shapes.set(`${name}.bias`, [outputs]);
  }

  norm(name: string, width: number): void {
    this.shapes.set(`${name}.weight`, [width]);
    this.shapes.set(`${name}.bias`, [width]);
  }

  convolution(name: string, inputs: number, outputs: number, kernel = 1, groups = 1): void {
    this.shapes.set(`${name}.weight`, [outputs, inputs / groups, kernel, kernel]);
    this.shapes.set(`${name}.bias`, [outputs]);
  }

  normedConvolution(name: string, inputs: number, outputs: number, kernel = 1, groups = 1): void {
    this.convolution(`${name}.conv`, inputs, outputs, kernel, groups);
    this.normed.push(name);
  }

  separable(name: string, inputs: number, outputs: number): void {
    this.convolution(`${name}.depthwise.conv`, inputs, inputs, 3, inputs);
    this.convolution(`${name}.pointwise.conv`, inputs, outputs);
  }

  crossStage(name: string, inputs: number, outputs: number, blocks: number): void {
    const half = outputs / 2;
    this.convolution(`${name}.through.conv`, inputs, half);
    this.convolution(`${name}.around.conv`, inputs, half);
    for (let block = 0; block < blocks; block++) {
      this.convolution(`${name}.blocks.${block}.first.conv`, half, half);
      this.separable(`${name}.blocks.${block}.second`, half, half);
    }
    this.convolution(`${name}.merge.conv`, outputs, outputs);
  }
}

function listText(to: Listing, text: TextSizes): void {
  const embeddings: [string, number][] = [
    ["word", text.vocabulary],
    ["position", text.positions],
    ["segment", text.segments],
    ["shape", text.shapes],
  ];
  for (const [name, count] of embeddings) to.shapes.set(`text_encoder.embeddings.${name}.weight`, [count, text.width]);
  to.norm("text_encoder.embeddings.norm", text.width);
  for (let layer = 0; layer < text.layers; layer++) {
    const name = `text_encoder.layers.${layer}`;
    for (const part of ["query", "key", "value", "output"])
      to.linear(`${name}.attention.${part}`, text.width, text.width);
    to.norm(`${name}.attention.norm`, text.width);
    to.linear(`${name}.feed_forward.up`, text.width, text.feedForward);
    to.linear(`${name}.feed_forward.down`, text.feedForward, text.width);
    to.norm(`${name}.feed_forward.norm`, text.width);
  }
}

function listCspDarknet(to: Listing, image: ImageSizes): void {
  const name = "image_encoder";
  const w = stemWidth(image);
  const tower = 4 * w;
  to.convolution(`${name}.stem`, 3, w, 6);
  CSP_BLOCKS.forEach((blocks, stage) => {
    const width = w * 2 ** (stage + 1);
    const last = stage === CSP_BLOCKS.length - 1;
    to.separable(`${name}.stages.${stage}.0`, width / 2, width);
    if (last) {
      to.convolution(`${name}.stages.${stage}.1.reduce.conv`, width, width / 2);
      to.convolution(`${name}.stages.${stage}.1.merge.conv`, width * 2, width);
    }
    to.crossStage(`${name}.stages.${stage}.${last ? 2 : 1}`, width, width, blocks);
  });
  to.convolution(`${name}.lateral5.conv`, 16 * w, 8 * w);
  to.crossStage(`${name}.down4`, 16 * w, 8 * w, 1);
  to.convolution(`${name}.lateral4.conv`, 8 * w, 4 * w);
  to.crossStage(`${name}.down3`, 8 * w, 4 * w, 1);
  to.separable(`${name}.climb3`, 4 * w, 4 * w);
  to.crossStage(`${name}.up4`, 8 * w, 8 * w, 1);
  to.separable(`${name}.climb4`, 8 * w, 8 * w);
  to.crossStage(`${name}.up5`, 16 * w, 16 * w, 1);
  [4 * w, 8 * w, 16 * w].forEach((inputs, level) => {
    to.convolution(`${name}.towers.${level}.stem.conv`, inputs, tower);
    for (const side of ["classes", "boxes"]) {
      for (const layer of [0, 1]) to.separable(`${name}.towers.${level}.${side}.${layer}`, tower, tower);
    }
  });
}

function listDarknet53(to: Listing, image: ImageSizes): void {
  const name = "image_encoder";
  const w = stemWidth(image);
  to.normedConvolution(`${name}.stem`, 3, w, 3);
  DARKNET_BLOCKS.forEach((blocks, stage) => {
    const width = w * 2 ** (stage + 1);
    to.normedConvolution(`${name}.stages.${stage}.0`, width / 2, width, 3);
    for (let block = 1; block <= blocks; block++) {
      to.normedConvolution(`${name}.stages.${stage}.${block}.reduce`, width, width / 2);
      to.normedConvolution(`${name}.stages.${stage}.${block}.expand`, width / 2, width, 3);
    }
  });
  const level = (index: number, inputs: number, width: number): void => {
    for (let layer = 0; layer < 5; layer++) {
      const from = layer === 0 ? inputs : layer % 2 === 0 ? 2 * width : width;
      to.normedConvolution(
        `${name}.level${index}.layers.${layer}`,
        from,
        layer % 2 === 0 ? width : 2 * width,
        layer % 2 === 0 ? 1 : 3,
      );
    }
  };
  level(1, 32 * w, 16 * w);
  to.normedConvolution(`${name}.lateral1`, 16 * w, 8 * w);
  level(2, 24 * w, 8 * w);
  to.normedConvolution(`${name}.lateral2`, 8 * w, 4 * w);
  level(3, 12 * w, 4 * w);
}

function listInteractions(to: Listing, config: NetworkConfig): void {
  const d = config.width;
  const textWidth = config.text.width;
  for (let scale = 0; scale < SCALES; scale++) {
    to.normedConvolution(`common_width.scales.${scale}`, config.image.channels[scale]!, d);
  }
  to.linear("query_vector.score", textWidth, 1);
  to.linear("query_vector.project", textWidth, d);
  for (let scale = 0; scale < SCALES; scale++) {
    const name = `cross_modality.vision.${scale}`;
    to.normedConvolution(`${name}.reduce`, d + COORDINATES, d);
    to.linear(`${name}.condition`, d, 2 * d);
    to.normedConvolution(`${name}.mix`, d, d, 3, isDepthwise(config) ? d : 1);
    to.normedConvolution(`${name}.out`, d, d);
    to.linear(`cross_modality.key.${scale}`, d, d);
    to.linear(`cross_modality.value.${scale}`, d, d);
  }
  to.linear("cross_modality.query", textWidth, d);
  to.linear("cross_modality.project", SCALES * d, textWidth);
  to.linear("cross_modality.gate", 2 * textWidth, textWidth);
  to.shapes.set("existence.labels", [2, textWidth]);
  for (const part of ["query", "key", "value", "output"]) to.linear(`existence.${part}`, textWidth, textWidth);
}

function listHeads(to: Listing, config: NetworkConfig): void {
  const d = config.width;
  to.linear("span_head", config.text.width, 2);
  to.linear("existence_head", config.text.width, 1);
  for (let scale = 0; scale < SCALES; scale++) {
    to.convolution(`grounding_head.scales.${scale}`, d, ANCHORS * BOX_VALUES);
    to.convolution(`grounding_head.objects.${scale}`, config.image.channels[scale]!, ANCHORS * BOX_VALUES);
    to.convolution(`grounding_head.match_cells.${scale}`, d + COORDINATES, d);
  }
  to.linear("grounding_head.match_query", d, d);
  to.linear("grounding_head.none", d, 1);
}
