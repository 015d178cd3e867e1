// Photos and places in them: reading, letterboxing, and what the grounding head's numbers mean. No tensors.
export type { AttentionGrid, PhotoAttention } from "./attention.js";
export { attentionOverPhoto } from "./attention.js";
export type { GroundedRegion, Grounding, GroundingInput } from "./grounding.js";
export { decodeGrounding, intersectionOverUnion } from "./grounding.js";
export type { Box, Letterbox } from "./letterbox.js";
export { clipBox, fitLetterbox, letterboxInput, toInputBox, toPhotoBox } from "./letterbox.js";
export { resizeToRgb } from "./resize.js";
