// The image encoders by the name that a model's config gives. A new one is a file beside these and a line here.
import { asInteger, asList, asNumber, asText, describe, field, invalid, type JsonRecord } from "../core/json.js";
import { MnerError } from "../core/mner-error.js";
import type { Parameters } from "../nn/parameters.js";
import { cspDarknet } from "./csp-darknet.js";
import { darknet53 } from "./darknet53.js";
import type { ImageEncoder, ImageForward, ImageSizes } from "./image-encoder.js";

export type { ImageForward, ImageSizes };

const encoders: Readonly<Record<string, ImageEncoder>> = {
  "csp-darknet-pan": cspDarknet,
  "darknet53-fpn": darknet53,
};

/** The forward pass of a config's image encoder. */
export function declareImageEncoder(p: Parameters, sizes: ImageSizes, root = "image_encoder"): ImageForward {
  return encoders[sizes.kind]!.declare(p, sizes, root);
}

/** Cells per side of each map, coarsest first. */
export function gridSizes({ size, strides }: ImageSizes): number[] {
  return strides.map((stride) => size / stride);
}

const COLOURS = 3;
const MOST_MAPS = 6;
/** Multiplications of one 1×1 layer over all maps: the paper's size at 416 takes 133 million, the small one 34. */
const MOST_WORK = 1_000_000_000;

/** Reads the sizes out of a model's config; `where` names the place in error messages. */
export function readImageSizes(record: JsonRecord, where: string): ImageSizes {
  const kind = asText(field(record, "kind"), `${where}.kind`, 100);
  if (!Object.hasOwn(encoders, kind)) {
    throw new MnerError(
      "model-version-unsupported",
      `The model's image encoder is ${describe(kind)}, which this version of mner-qg does not know. ` +
        `Use a newer mner-qg, or a model with one of: ${Object.keys(encoders).join(", ")}.`,
    );
  }
  const numbers = (key: string, least: number, most: number): number[] =>
    asList(field(record, key), `${where}.${key}`, COLOURS, COLOURS).map((entry, index) =>
      asNumber(entry, `${where}.${key}[${index}]`, least, most),
    );
  const wholes = (key: string, most: number): number[] =>
    asList(field(record, key), `${where}.${key}`, 1, MOST_MAPS).map((entry, index) =>
      asInteger(entry, `${where}.${key}[${index}]`, 1, most),
    );
  const size = asInteger(field(record, "size"), `${where}.size`, 32, 4096);
  const [strides, channels] = [wholes("strides", 1024), wholes("channels", 65_536)];
  for (const stride of strides) {
    if (size % stride !== 0) throw invalid(`${where}.size`, `(${size}) must divide by the stride ${stride}`);
  }
  if (channels.length !== strides.length) throw invalid(`${where}.channels`, "must be as many as the strides");
  const colours = field(record, "colours");
  if (colours !== undefined && colours !== "rgb" && colours !== "bgr") {
    throw invalid(`${where}.colours`, `must be "rgb" or "bgr", but is ${describe(colours)}`);
  }
  const sizes: ImageSizes = {
    kind,
    size,
    mean: numbers("mean", -1, 1),
    std: numbers("std", 1e-6, 255),
    channels,
    strides,
    ...(colours === undefined ? {} : { colours }),
  };
  const work = strides.reduce((sum, stride, scale) => sum + (size / stride) ** 2 * channels[scale]! ** 2, 0);
  if (work > MOST_WORK) {
    throw new MnerError(
      "model-too-large",
      `The model looks at photos at ${size} × ${size} points with ${channels.join(", ")} channels, which takes minutes for each. ` +
        "Use a model made for a smaller size.",
    );
  }
  const refused = encoders[kind]!.refuse(sizes);
  if (refused !== null) throw invalid(where, refused);
  return sizes;
}
