// Numbers per word as evidence per name: means over the name's words, maps laid over the photo, boxes in the photo's pixels.
import type { Attention, Region } from "../../core/results.js";
import { attentionOverPhoto, clipBox, type Letterbox, toPhotoBox } from "../../vision/index.js";
import type { TaggedName } from "../tagging/crf.js";
import type { VisualTokens } from "./eyes.js";

/** The mean over a name's words of `size` numbers a word. */
export function meanOf(words: Float32Array, size: number, { first, last }: TaggedName): Float32Array {
  const mean = new Float32Array(size);
  for (let word = first; word <= last; word++) {
    for (let at = 0; at < size; at++) mean[at]! += words[word * size + at]! / (last - first + 1);
  }
  return mean;
}

export function heatOf(weights: Float32Array, { grid }: VisualTokens, letterbox: Letterbox): Attention {
  return attentionOverPhoto([{ grid, weights }], letterbox);
}

/** A region of the square, or the whole photo, with a score. */
export function regionOf(tokens: VisualTokens, index: number | null, score: number, letterbox: Letterbox): Region {
  const { width, height } = letterbox;
  if (index === null) return { box: [0, 0, width, height], score };
  return { box: clipBox(toPhotoBox(letterbox, tokens.boxes[index]!), width, height), score };
}
