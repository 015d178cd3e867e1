// The features of the photos seen last, by content: a new text or query on the same photo skips decoding and image trunk.
import type { ImageFeatures } from "../network/index.js";
import type { Letterbox } from "../vision/index.js";
import type { Notice } from "./results.js";

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
