// What most pages never ask for: exports other than JSON, and photos that are given as objects. One file of its own, fetched
// when it is needed.
export { toCoco } from "./exports/coco.js";
export { toConll } from "./exports/conll.js";
export { drawPng, drawSvg } from "./exports/picture.js";
export { toWebAnnotation } from "./exports/web-annotation.js";
export { readPixels } from "./photo-pixels.js";
