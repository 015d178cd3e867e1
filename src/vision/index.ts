// Photos and places in them: reading, letterboxing, and what the grounding head's numbers mean. No tensors.
export type { AttentionGrid, PhotoAttention } from "./attention.js";
export { attentionOverPhoto } from "./attention.js";
export {
  canDecodePhotos,
  type Drawable,
  photoFromBlob,
  photoFromBytes,
  photoFromDrawable,
  photoFromImageData,
} from "./decode.js";
export { type FetchImageOptions, fetchImage } from "./fetch-image.js";
export type { GroundedRegion, Grounding, GroundingInput } from "./grounding.js";
export { decodeGrounding, intersectionOverUnion } from "./grounding.js";
export { IMAGE_LIMITS, readImageHeader } from "./header.js";
export type { ImageFormat, ImageHeader } from "./header-bytes.js";
export type { Box, Letterbox } from "./letterbox.js";
export { clipBox, fitLetterbox, letterboxInput, toInputBox, toPhotoBox } from "./letterbox.js";
export { fileKey, type Photo, photoFromPixels, type VisionNotice } from "./photo.js";
export {
  type ImageSource,
  type OpenedImage,
  openImage,
  type PreparedImage,
  photoFrom,
  prepareImage,
  transferablesOf,
} from "./prepare.js";
export { resizeToRgb } from "./resize.js";
