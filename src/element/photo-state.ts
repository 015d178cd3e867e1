// The photo of a tag: where it comes from, how large it is, whether it can be shown.

import { MnerError, toMnerError } from "../core/mner-error.js";
import type { ImageInput } from "../engine/analyzer.js";
import type { Size } from "./layout.js";
import type { PixelInput, Pixels } from "./photo-pixels.js";
import type { PhotoSource } from "./scene.js";

export interface PhotoListener {
  photoChanged(): void;
  photoFailed(error: MnerError): void;
}

export class PhotoState {
  source: PhotoSource | null = null;
  /** Of the upright photo, once it is known. */
  size: Size | null = null;
  error: MnerError | null = null;
  readonly #listener: PhotoListener;
  #pixels: Pixels | null = null;
  #given: readonly unknown[] = [];

  constructor(listener: PhotoListener) {
    this.#listener = listener;
  }

  /** `image` wins over `src`. */
  give(src: string | null, image: ImageInput | null, crossOrigin: string | null): void {
    const given = [src, image, crossOrigin];
    if (given.every((value, index) => value === this.#given[index]) && this.#given.length > 0) return;
    this.#given = given;
    this.#pixels?.close();
    this.#pixels = null;
    this.size = null;
    this.error = null;
    const url = image === null ? src : typeof image === "string" || image instanceof URL ? String(image) : null;
    this.source = url ? { kind: "url", url, crossOrigin } : null;
    if (image !== null && url === null) this.#read(image as PixelInput, given);
  }

  async #read(image: PixelInput, given: readonly unknown[]): Promise<void> {
    try {
      const { readPixels } = await import("./lazy.js");
      const pixels = await readPixels(image);
      if (this.#given !== given) return pixels.close();
      this.#pixels = pixels;
      this.size = { width: pixels.width, height: pixels.height };
      this.source = { kind: "pixels", ...pixels.canvas };
      this.#listener.photoChanged();
    } catch (thrown) {
      if (this.#given === given) this.#fail(toMnerError(thrown, "image-unreadable"));
    }
  }

  /** The `<img>` has come. */
  loaded(image: HTMLImageElement): void {
    this.size = { width: image.naturalWidth, height: image.naturalHeight };
    this.#listener.photoChanged();
  }

  /** The `<img>` did not come: a browser does not say why. */
  refused(): void {
    this.#fail(
      new MnerError(
        "image-network",
        "The photo could not be shown. Check its address, and that it is an image a browser opens.",
      ),
    );
  }

  #fail(error: MnerError): void {
    this.error = error;
    this.source ??= { kind: "url", url: "", crossOrigin: null };
    this.#listener.photoFailed(error);
    this.#listener.photoChanged();
  }

  /** Paints what was decoded onto the canvas, once, and frees it. */
  paint(canvas: HTMLCanvasElement | null | undefined): void {
    if (!canvas || !this.#pixels) return;
    this.#pixels.paint(canvas);
    this.#pixels.close();
    this.#pixels = null;
  }
}
