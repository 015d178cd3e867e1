// What becomes of a request's photo: a fault of it is a notice unless the caller is strict, and the features of the photos
// seen last are kept, so that a new text or query on the same photo skips decoding and image encoder.
import { nextTask, throwIfAborted } from "../core/abort.js";
import { isMnerError, MnerError, type MnerErrorCode } from "../core/mner-error.js";
import type { Notice } from "../core/results.js";
import type { ImageSizes } from "../encoders/index.js";
import type { ImageFeatures } from "../systems/network.js";
import { fitLetterbox, type Letterbox, letterboxInput, type OpenedImage } from "../vision/index.js";
import type { Environment, PhotoInput } from "./engine.js";

/** A photo whose pixels are what the network takes. */
export interface DecodedPhoto {
  readonly letterbox: Letterbox;
  /** NHWC [1, size, size, 3], normalised. */
  readonly pixels: Float32Array;
  readonly notices: readonly Notice[];
}

/**
 * The one rule for photos that cannot be read, in page, batch, command line and element alike: any `image-…` fault becomes a
 * notice, since the names are still worth having. Everything else, and everything for a strict caller, is thrown on.
 */
export function photoNotice(error: unknown, strict: boolean): Notice {
  if (strict || !isMnerError(error) || !error.code.startsWith("image-")) throw error;
  return { code: error.code, message: error.message };
}

export async function openPhoto(
  environment: Environment,
  photo: PhotoInput,
  signal: AbortSignal,
): Promise<OpenedImage> {
  if (photo.kind === "broken") throw new MnerError(photo.code as MnerErrorCode, photo.message);
  return environment.openPhoto(photo, signal);
}

export async function decodePhoto(photo: OpenedImage, sizes: ImageSizes, signal: AbortSignal): Promise<DecodedPhoto> {
  const { width, height, pixels, pixelWidth, pixelHeight, notices } = await photo.decode();
  await nextTask();
  throwIfAborted(signal);
  const letterbox = fitLetterbox(width, height, sizes.size);
  return { letterbox, pixels: letterboxInput(pixels, pixelWidth, pixelHeight, letterbox, sizes), notices };
}

export interface CachedPhoto {
  readonly letterbox: Letterbox;
  readonly features: ImageFeatures;
  readonly notices: readonly Notice[];
}

export class PhotoCache {
  private readonly photos = new Map<string, CachedPhoto>();
  private readonly capacity: number;

  constructor(capacity: number) {
    this.capacity = capacity;
  }

  /** Finds a photo and makes it the most recent one. */
  get(key: string): CachedPhoto | null {
    const photo = this.photos.get(key);
    if (!photo) return null;
    this.photos.delete(key);
    this.photos.set(key, photo);
    return photo;
  }

  /** Takes over the features; the least recent photo makes room. */
  put(key: string, photo: CachedPhoto): void {
    this.photos.get(key)?.features.dispose();
    this.photos.delete(key);
    this.photos.set(key, photo);
    for (const [oldest, { features }] of this.photos) {
      if (this.photos.size <= this.capacity) break;
      features.dispose();
      this.photos.delete(oldest);
    }
  }

  clear(): void {
    for (const { features } of this.photos.values()) features.dispose();
    this.photos.clear();
  }
}
