// Photos and places in them: reading, letterboxing, and what the grounding head's numbers mean. No tensors.
export type { AttentionGrid, PhotoAttention } from "./attention.js";
export { attentionOverPhoto } from "./attention.js";
export {
  type Drawable,
  photoFromBytes,
  photoFromDrawable,
  photoFromImageData,
} from "./decode.js";
export { type FetchImageOptions, fetchImage } from "./fetch-image.js";
export { decodeGrounding, type GroundedPlace, type Grounding, type GroundingInput } from "./grounding.js";
export { IMAGE_LIMITS, readImageHeader } from "./header.js";
export type { ImageFormat, ImageHeader } from "./header-bytes.js";
export { clipBox, fitLetterbox, type Letterbox, letterboxInput, toPhotoBox } from "./letterbox.js";
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
