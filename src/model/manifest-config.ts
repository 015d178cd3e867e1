// Checks of the manifest's `config`: the sizes the network is built from, each within reason and agreeing with the others.
import { MnerError } from "../errors/mner-error.js";
import {
  asInteger,
  asList,
  asNumber,
  asRecord,
  asText,
  copyJson,
  describe,
  field,
  invalid,
  type Json,
  type JsonRecord,
} from "./json-checks.js";
import { MANIFEST_LIMITS } from "./limits.js";
import type { ImageConfig, ImageTrunkKind, ModelConfig, QueryEntry, TextConfig } from "./manifest-types.js";

const TRUNK_KINDS: readonly ImageTrunkKind[] = ["csp-darknet-pan", "darknet53-fpn"];
/** The trunk gives maps at three scales. */
const SCALES = 3;
const COLOURS = 3;

/** Checks a list of questions (label and words). */
export function readQueries(value: unknown, where: string): QueryEntry[] {
  return asList(value, where, 1, MANIFEST_LIMITS.queries).map((entry, index) => {
    const record = asRecord(entry, `${where}[${index}]`);
    return {
      label: asText(field(record, "label"), `${where}[${index}].label`, 100),
      query: asText(field(record, "query"), `${where}[${index}].query`, 2000),
    };
  });
}

/** Checks the whole `config`; unknown keys are copied, so that later networks can add their own. */
export function readConfig(value: unknown): ModelConfig {
  const record = asRecord(value, "config");
  const copy = copyJson(record, "config") as Readonly<Record<string, Json>>;
  const image = readImage(asRecord(field(record, "image"), "config.image"));
  const width = asInteger(field(record, "width"), "config.width", 1, 8192);
  const attentionHeads = asInteger(field(record, "attentionHeads"), "config.attentionHeads", 1, 256);
  if (width % attentionHeads !== 0) throw invalid("config.width", `(${width}) must divide by ${attentionHeads} heads`);
  const text = readText(asRecord(field(record, "text"), "config.text"));
  const queries = field(record, "queries");
  const depthwise = field(record, "depthwise");
  if (depthwise !== undefined && typeof depthwise !== "boolean") {
    throw invalid("config.depthwise", `must be true or false, but is ${describe(depthwise)}`);
  }
  const decode = field(record, "decode");
  return {
    ...copy,
    size: asText(field(record, "size"), "config.size", 100),
    text: { ...(copy.text as object), ...text },
    image: { ...(copy.image as object), ...image },
    width,
    attentionHeads,
    depthwise,
    anchors: readAnchors(field(record, "anchors")),
    maxSpanWords: asInteger(field(record, "maxSpanWords"), "config.maxSpanWords", 1, 1000),
    maxPieces: asInteger(field(record, "maxPieces"), "config.maxPieces", 8, text.positions),
    queries: queries === undefined ? undefined : readQueries(queries, "config.queries"),
    decode:
      decode === undefined
        ? undefined
        : (copyJson(asRecord(decode, "config.decode"), "config.decode") as Readonly<Record<string, Json>>),
  };
}

function readText(record: JsonRecord): TextConfig {
  const whole = (key: string, most: number): number => asInteger(field(record, key), `config.text.${key}`, 1, most);
  const width = whole("width", 8192);
  const heads = whole("heads", 256);
  if (width % heads !== 0) throw invalid("config.text.width", `(${width}) must divide by ${heads} heads`);
  return {
    layers: whole("layers", 96),
    width,
    heads,
    feedForward: whole("feedForward", 65_536),
    vocabulary: whole("vocabulary", 2_000_000),
    positions: whole("positions", 65_536),
    segments: whole("segments", 16),
    shapes: whole("shapes", 64),
    normEpsilon: asNumber(field(record, "normEpsilon"), "config.text.normEpsilon", 0, 1),
  };
}

function readImage(record: JsonRecord): ImageConfig {
  const kind = asText(field(record, "kind"), "config.image.kind", 100);
  const known = TRUNK_KINDS.find((name) => name === kind);
  if (known === undefined) {
    throw new MnerError(
      "model-version-unsupported",
      `The model's image trunk is ${describe(kind)}, which this version of mner-qg does not know. ` +
        `Use a newer mner-qg, or a model with one of: ${TRUNK_KINDS.join(", ")}.`,
    );
  }
  const numbers = (key: string, count: number, least: number, most: number): number[] =>
    asList(field(record, key), `config.image.${key}`, count, count).map((entry, index) =>
      asNumber(entry, `config.image.${key}[${index}]`, least, most),
    );
  const wholes = (key: string, most: number): number[] =>
    asList(field(record, key), `config.image.${key}`, SCALES, SCALES).map((entry, index) =>
      asInteger(entry, `config.image.${key}[${index}]`, 1, most),
    );
  const size = asInteger(field(record, "size"), "config.image.size", 32, 4096);
  const strides = wholes("strides", 1024);
  for (const stride of strides) {
    if (size % stride !== 0) throw invalid("config.image.size", `(${size}) must divide by the stride ${stride}`);
  }
  return {
    kind: known,
    size,
    mean: numbers("mean", COLOURS, -1, 1),
    std: numbers("std", COLOURS, 1e-6, 255),
    channels: wholes("channels", 65_536),
    strides,
  };
}

function readAnchors(value: unknown): [number, number][][] {
  const scales = asList(value, "config.anchors", SCALES, SCALES).map((scale, k) =>
    asList(scale, `config.anchors[${k}]`, 1, 16).map((anchor, a): [number, number] => {
      const where = `config.anchors[${k}][${a}]`;
      const [width, height] = asList(anchor, where, 2, 2);
      return [asNumber(width, `${where}[0]`, 1e-3, 1e5), asNumber(height, `${where}[1]`, 1e-3, 1e5)];
    }),
  );
  if (scales.some((scale) => scale.length !== scales[0]!.length)) {
    throw invalid("config.anchors", "must have as many anchors at every scale");
  }
  return scales;
}
