// Gets the pixels of a photo that the page holds as an object. They are drawn on a canvas: a blob: URL in an <img> would be
// refused by a strict Content-Security-Policy.
import type { ImageInput } from "../engine/analyzer.js";
import { isMnerError, MnerError } from "../errors/mner-error.js";

export type PixelInput = Exclude<ImageInput, string | URL>;

export interface Pixels {
  readonly source: CanvasImageSource;
  /** Of the upright photo. */
  readonly width: number;
  readonly height: number;
  /** Frees what was decoded here; what the page handed in stays the page's. */
  close(): void;
}

/** More than any screen shows; a larger canvas would only hold memory. */
const longestSide = 2048;

function sizeOf(image: Exclude<PixelInput, Blob>): { width: number; height: number } {
  if (image instanceof HTMLImageElement) return { width: image.naturalWidth, height: image.naturalHeight };
  return { width: image.width, height: image.height };
}

/** Decodes blobs (upright, as EXIF says) and waits for an image that is still loading. */
export async function readPixels(image: PixelInput): Promise<Pixels> {
  try {
    if (image instanceof Blob || image instanceof ImageData) {
      const bitmap = await createImageBitmap(image, { imageOrientation: "from-image" });
      return { source: bitmap, width: bitmap.width, height: bitmap.height, close: () => bitmap.close() };
    }
    if (image instanceof HTMLImageElement && !image.complete) await image.decode();
    const { width, height } = sizeOf(image);
    if (width > 0 && height > 0) return { source: image, width, height, close: () => {} };
    throw new RangeError("The photo has no pixels.");
  } catch (cause) {
    if (isMnerError(cause)) throw cause;
    throw new MnerError("image-unreadable", "The photo cannot be read. Give a JPEG, PNG or WebP that opens.", {
      cause,
    });
  }
}

/** Size of the canvas to show it on. */
export function canvasSize({ width, height }: Pick<Pixels, "width" | "height">): { width: number; height: number } {
  const scale = Math.min(1, longestSide / Math.max(width, height));
  return { width: Math.max(1, Math.round(width * scale)), height: Math.max(1, Math.round(height * scale)) };
}

export function paintPixels(canvas: HTMLCanvasElement, { source }: Pixels): void {
  canvas.getContext("2d")?.drawImage(source, 0, 0, canvas.width, canvas.height);
}
