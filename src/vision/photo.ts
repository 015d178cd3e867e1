// A photo ready for the network: upright, opaque RGBA, with the size that boxes are told in.
import { MnerError } from "../core/mner-error.js";
import { contentKey } from "./content-key.js";
import { checkImageSize } from "./header.js";
import type { ImageHeader } from "./header-bytes.js";

/** Something the reader should know that did not stop the run. */
export interface VisionNotice {
  readonly code: string;
  readonly message: string;
}

export interface Photo {
  /** Size of the upright photo; boxes are in these pixels. */
  readonly width: number;
  readonly height: number;
  /** RGBA, opaque, row by row; smaller than the photo when the browser has shrunk it on the way. */
  readonly pixels: Uint8ClampedArray;
  readonly pixelWidth: number;
  readonly pixelHeight: number;
  /** The same for the same content: what the photo's features are kept by. */
  readonly key: string;
  readonly notices: readonly VisionNotice[];
}

/** Longest side that is kept: four times what the network sees, so that our own filter does the rest. */
export const LONGEST_SIDE = 1280;

/** A photo that is larger than needed is shrunk by the browser while it decodes; this is what to ask it for. */
export function reducedSize(width: number, height: number): { width: number; height: number } {
  const factor = Math.min(1, LONGEST_SIDE / Math.max(width, height));
  return { width: Math.max(1, Math.round(width * factor)), height: Math.max(1, Math.round(height * factor)) };
}

/** Lays pixels over white, in place: transparency has no meaning for the network, and white is what pages show. */
export function layOverWhite(pixels: Uint8ClampedArray): Uint8ClampedArray {
  for (let i = 3; i < pixels.length; i += 4) {
    const alpha = pixels[i]!;
    if (alpha === 255) continue;
    const white = 255 * (255 - alpha);
    for (let channel = i - 3; channel < i; channel++) {
      pixels[channel] = Math.round((pixels[channel]! * alpha + white) / 255);
    }
    pixels[i] = 255;
  }
  return pixels;
}

/** A photo of pixels that are already in hand (an ImageData, a decoder in Node); takes them over. */
export function photoFromPixels(
  pixels: Uint8ClampedArray,
  width: number,
  height: number,
  given: { readonly key?: string; readonly notices?: readonly VisionNotice[] } = {},
): Photo {
  if (width > 0 && height > 0) checkImageSize(width, height);
  if (!(width > 0 && height > 0) || pixels.length !== width * height * 4) {
    throw new MnerError(
      "image-unreadable",
      `The photo's pixels (${pixels.length} bytes) do not fit its size (${width} × ${height}). Give RGBA, four bytes a pixel.`,
    );
  }
  const key = given.key ?? `pixels-${width}x${height}-${contentKey(pixels)}`;
  return {
    width,
    height,
    pixels: layOverWhite(pixels),
    pixelWidth: width,
    pixelHeight: height,
    key,
    notices: given.notices ?? [],
  };
}

export function fileKey(bytes: Uint8Array): string {
  return `file-${contentKey(bytes)}`;
}

export function headerNotices(header: ImageHeader): VisionNotice[] {
  if (!header.animated) return [];
  return [{ code: "image-animated", message: "The photo is an animation; only its first picture is looked at." }];
}
