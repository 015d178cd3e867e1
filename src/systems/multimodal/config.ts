// What a system is made of that reads with BERT+CRF's encoder and sees with MNER-QG's; names are the training configuration's.
import { asInteger, asList, asRecord, asText, field, invalid, type JsonRecord } from "../../core/json.js";
import { readBertSizes } from "../../encoders/bert.js";
import { type ImageSizes, readImageSizes } from "../../encoders/index.js";
import { readLabels } from "../bert-crf/system.js";
import { type Logistic, readSpanCalibration } from "../calibration.js";
import type { SystemConfig } from "../system.js";

export interface MultimodalConfig extends SystemConfig {
  readonly image: ImageSizes;
  readonly labels: readonly string[];
  readonly span: Logistic;
  /** Of a visual token, in the space that words and photos share. */
  readonly visual: number;
  /** Most detections of a photo. */
  readonly regions: number;
  /** Of the head. */
  readonly width: number;
  readonly heads: number;
  readonly feedForward: number;
  readonly layers: number;
  readonly maxSpanWords: number;
  /** PromptMNER: the discrete ones, in the order of the bank. */
  readonly prompts: readonly string[];
}

/** Of the map whose cells are looked at. */
export const GRID_STRIDE = 32;
const MOST_PROMPTS = 2000;

export function readConfig(config: JsonRecord, calibration: JsonRecord): MultimodalConfig {
  const text = readBertSizes(asRecord(field(config, "text"), "config.text"), "config.text");
  const image = readImageSizes(asRecord(field(config, "image"), "config.image"), "config.image");
  if (image.kind !== "nanodet-plus") {
    throw invalid("config.image.kind", `must be nanodet-plus, whose maps say what it detects, but is ${image.kind}`);
  }
  const whole = (key: string, most: number): number => asInteger(field(config, key), `config.${key}`, 1, most);
  const [width, heads] = [whole("width", 4096), whole("heads", 256)];
  if (width % heads !== 0) throw invalid("config.width", `(${width}) must divide by ${heads} heads`);
  return {
    text,
    image,
    labels: readLabels(config),
    visual: whole("visual", 4096),
    regions: whole("regions", 256),
    width,
    heads,
    feedForward: whole("feedForward", 65_536),
    layers: whole("layers", 48),
    maxPieces: asInteger(field(config, "maxPieces"), "config.maxPieces", 8, text.positions),
    maxSpanWords: whole("maxSpanWords", 1000),
    prompts: asList(field(config, "prompts") ?? [], "config.prompts", 0, MOST_PROMPTS).map((prompt, index) =>
      asText(prompt, `config.prompts[${index}]`, 200),
    ),
    ...readSpanCalibration(calibration),
  };
}
