// MNER-QG's sizes, thresholds and calibration, checked; the names are the training configuration's own.
import { asInteger, asList, asNumber, asRecord, describe, field, invalid, type JsonRecord } from "../../core/json.js";
import { readBertSizes } from "../../encoders/bert.js";
import { type ImageSizes, readImageSizes } from "../../encoders/index.js";
import { type Logistic, readLogistic, readSpanCalibration } from "../calibration.js";
import type { SystemConfig } from "../system.js";

/** Each of a cell's boxes is x, y, width, height and confidence. */
export const BOX_VALUES = 5;
const MOST_ANCHORS = 16;
/** Left, top, right, bottom, centre (2) and size (2) of a cell. */
export const COORDINATES = 8;

/** Questions are read alone, and sentences see them in the upper layers only. */
export interface OneWay {
  /** Layers that read a sentence without any question. */
  readonly sharedLayers: number;
  /** Position of a sentence's first piece. */
  readonly sentenceStart: number;
}

export interface MnerQgConfig extends SystemConfig {
  readonly image: ImageSizes;
  /** The common width d of text and photo. */
  readonly width: number;
  readonly attentionHeads: number;
  /** Whether the 3×3 of the query-conditioned maps is per channel. */
  readonly depthwise: boolean;
  /** [scale][anchor] = [width, height] in input pixels; as many at every scale. */
  readonly anchors: readonly (readonly (readonly [number, number])[])[];
  /** A box for each name, whether the photo belongs to the text, and what kind of picture it is. */
  readonly nameHeads: boolean;
  /** Null: question and sentence are read together. */
  readonly oneWay: OneWay | null;
  readonly maxSpanWords: number;
  readonly startThreshold?: number | undefined;
  readonly endThreshold?: number | undefined;
  readonly noneThreshold?: number | undefined;
  readonly span: Logistic;
  readonly none: Logistic;
}

export function readConfig(config: JsonRecord, calibration: JsonRecord): MnerQgConfig {
  const text = readBertSizes(asRecord(field(config, "text"), "config.text"), "config.text");
  const image = readImageSizes(asRecord(field(config, "image"), "config.image"), "config.image");
  const width = asInteger(field(config, "width"), "config.width", 1, 8192);
  const attentionHeads = asInteger(field(config, "attentionHeads"), "config.attentionHeads", 1, 256);
  if (width % attentionHeads !== 0) throw invalid("config.width", `(${width}) must divide by ${attentionHeads} heads`);
  const depthwise = field(config, "depthwise");
  if (depthwise !== undefined && typeof depthwise !== "boolean") {
    throw invalid("config.depthwise", `must be true or false, but is ${describe(depthwise)}`);
  }
  const nameHeads = field(config, "nameHeads");
  if (nameHeads !== undefined && typeof nameHeads !== "boolean") {
    throw invalid("config.nameHeads", `must be true or false, but is ${describe(nameHeads)}`);
  }
  const maxPieces = asInteger(field(config, "maxPieces"), "config.maxPieces", 8, text.positions);
  const oneWay = field(config, "oneWay");
  const given = field(config, "decode");
  const decode = given === undefined ? {} : asRecord(given, "config.decode");
  const probability = (key: string): number | undefined => {
    const value = field(decode, key);
    return value === undefined ? undefined : asNumber(value, `config.decode.${key}`, 0, 1);
  };
  return {
    text,
    image,
    width,
    attentionHeads,
    depthwise: depthwise ?? image.kind !== "darknet53-fpn",
    anchors: readAnchors(field(config, "anchors"), image.strides.length),
    nameHeads: nameHeads ?? false,
    maxSpanWords: asInteger(field(config, "maxSpanWords"), "config.maxSpanWords", 1, 1000),
    maxPieces,
    oneWay: oneWay === undefined || oneWay === null ? null : readOneWay(asRecord(oneWay, "config.oneWay")),
    startThreshold: probability("startThreshold"),
    endThreshold: probability("endThreshold"),
    noneThreshold: probability("noneThreshold"),
    ...readSpanCalibration(calibration),
    none: readLogistic(field(calibration, "none"), "calibration.none"),
  };

  function readOneWay(record: JsonRecord): OneWay {
    const whole = (key: string, least: number, most: number): number =>
      asInteger(field(record, key), `config.oneWay.${key}`, least, most);
    return {
      sharedLayers: whole("sharedLayers", 0, text.layers - 1),
      sentenceStart: whole("sentenceStart", 1, text.positions - maxPieces),
    };
  }
}

function readAnchors(value: unknown, scales: number): [number, number][][] {
  const perScale = asList(value, "config.anchors", scales, scales);
  const anchors = asList(perScale[0], "config.anchors[0]", 1, MOST_ANCHORS).length;
  return perScale.map((scale, k) =>
    asList(scale, `config.anchors[${k}]`, anchors, anchors).map((anchor, a): [number, number] => {
      const where = `config.anchors[${k}][${a}]`;
      const [width, height] = asList(anchor, where, 2, 2);
      return [asNumber(width, `${where}[0]`, 1e-3, 1e5), asNumber(height, `${where}[1]`, 1e-3, 1e5)];
    }),
  );
}
