// Gets the pixels of a photo that the page holds as an object. They are drawn on a canvas: a blob: URL in an <img> would be
// refused by a strict Content-Security-Policy.

import { bare } from "../core/json.js";
import { isMnerError, MnerError } from "../core/mner-error.js";
import type { ImageInput } from "../engine/analyzer.js";
import { IMAGE_LIMITS, readImageHeader } from "../vision/header.js";
import type { Size } from "./layout.js";

export type PixelInput = Exclude<ImageInput, string | URL>;

export interface Pixels {
  /** Of the upright photo. */
  readonly width: number;
  readonly height: number;
  /** Of the canvas to show it on. */
  readonly canvas: Size;
  paint(canvas: HTMLCanvasElement): void;
  /** Frees what was decoded here; what the page handed in stays the page's. */
  close(): void;
}

/** More than any screen shows; a larger canvas would only hold memory. */
const longestSide = 2048;

function sizeOf(image: Exclude<PixelInput, Blob>): Size {
  if (image instanceof HTMLImageElement) return { width: image.naturalWidth, height: image.naturalHeight };
  return { width: image.width, height: image.height };
}

/** Reads the file's header first: a small file may claim billions of pixels, and decoding would believe it. */
async function checkFile(blob: Blob): Promise<void> {
  if (blob.size > IMAGE_LIMITS.bytes) {
    const most = IMAGE_LIMITS.bytes / 1024 / 1024;
    throw new MnerError("image-too-large", `The photo's file is larger than ${most} MB. Give a smaller one.`);
  }
  readImageHeader(new Uint8Array(await blob.arrayBuffer()));
}

function canvasSize({ width, height }: Size): Size {
  const scale = Math.min(1, longestSide / Math.max(width, height));
  return { width: Math.max(1, Math.round(width * scale)), height: Math.max(1, Math.round(height * scale)) };
}

function pixelsOf(source: CanvasImageSource, { width, height }: Size, close = (): void => {}): Pixels {
  return {
    width,
    height,
    canvas: canvasSize({ width, height }),
    paint: (canvas) => canvas.getContext("2d")?.drawImage(source, 0, 0, canvas.width, canvas.height),
    close,
  };
}

/** Decodes blobs (upright, as EXIF says) and waits for an image that is still loading. */
export async function readPixels(image: PixelInput): Promise<Pixels> {
  try {
    if (image instanceof Blob) await checkFile(image);
    if (image instanceof Blob || image instanceof ImageData) {
      const bitmap = await createImageBitmap(image, bare({ imageOrientation: "from-image" } as const));
      return pixelsOf(bitmap, bitmap, () => bitmap.close());
    }
    if (image instanceof HTMLImageElement && !image.complete) await image.decode();
    const size = sizeOf(image);
    if (size.width > 0 && size.height > 0) return pixelsOf(image, size);
    throw new RangeError("The photo has no pixels.");
  } catch (cause) {
    if (isMnerError(cause)) throw cause;
    throw new MnerError("image-unreadable", "The photo cannot be read. Give a JPEG, PNG or WebP that opens.", {
      cause,
    });
  }
}
