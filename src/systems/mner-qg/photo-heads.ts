// Two small heads that judge the photo as a whole, in plain numbers: does it belong to this text, and what kind of picture is
// it. The reference is training/systems/mner_qg/photo_heads.py.
import type { ImageKind } from "../../core/results.js";
import type { ImageSizes } from "../../encoders/index.js";
import { DETECTOR_BOX, DETECTOR_CLASSES } from "../../encoders/nanodet.js";
import type { Parameters } from "../../nn/parameters.js";
import { apply, declareLayer, joined, type Layer, relu, softmax } from "../../nn/plain.js";
import { sigmoid } from "../calibration.js";

const KINDS: readonly ImageKind["kind"][] = ["photo", "drawing", "screenshot", "lettering"];
const MEETING = 64;
const HIDDEN = 32;

/** Of a photo's summary: the means of the towers at every scale, and the likeliest cell of every class. */
function summaryWidth({ channels }: ImageSizes): number {
  return channels.reduce((sum, count) => sum + count - DETECTOR_CLASSES - DETECTOR_BOX, DETECTOR_CLASSES);
}

export function declareRelatedness(p: Parameters, image: ImageSizes, textWidth: number) {
  const layer = (name: string, inputs: number, outputs: number): Layer =>
    declareLayer(p, p.matrix(`relatedness.${name}`, inputs, outputs));
  return {
    image: layer("image", summaryWidth(image), MEETING),
    text: layer("text", textWidth, MEETING),
    weigh: layer("weigh", 3 * MEETING, 1),
  };
}

export function declareImageKind(p: Parameters, image: ImageSizes) {
  const layer = (name: string, inputs: number, outputs: number): Layer =>
    declareLayer(p, p.matrix(`image_kind.${name}`, inputs, outputs));
  return { hidden: layer("hidden", summaryWidth(image), HIDDEN), kinds: layer("kinds", HIDDEN, KINDS.length) };
}

/** How likely photo and text belong together; `text` is the mean of the sentence's rows under the first question. */
export function relatednessOf(
  head: ReturnType<typeof declareRelatedness>,
  summary: Float32Array,
  text: Float32Array,
): number {
  const a = apply(head.image, summary).map(Math.tanh);
  const b = apply(head.text, text).map(Math.tanh);
  const both = a.map((value, index) => value * b[index]!);
  return sigmoid(apply(head.weigh, joined(both, a, b))[0]!);
}

export function imageKindOf(head: ReturnType<typeof declareImageKind>, summary: Float32Array): ImageKind {
  const scores = softmax([...apply(head.kinds, relu(apply(head.hidden, summary)))]);
  const best = scores.indexOf(Math.max(...scores));
  return { kind: KINDS[best]!, score: scores[best]! };
}
