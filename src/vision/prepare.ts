// What has to happen in the page, and what can wait for a worker. Elements live in the page only, and relative addresses
// mean something only there; everything else crosses over as it is.
import { orAborted, throwIfAborted } from "../core/abort.js";
import { bare } from "../core/json.js";
import { MnerError } from "../core/mner-error.js";
import {
  checkImageData,
  type Drawable,
  drawableSize,
  isReadable,
  photoFromBytes,
  photoFromDrawable,
  photoFromImageData,
  readBlob,
  reducedBitmap,
} from "./decode.js";
import { crossOriginError, type FetchImageOptions, fetchImage, resolveImageUrl } from "./fetch-image.js";
import { unreadable } from "./header-bytes.js";
import { fileKey, LONGEST_SIDE, type Photo } from "./photo.js";

/** Anything a page may hold a photo in. A string is an address. */
export type ImageSource = string | URL | Blob | ImageData | Drawable;

/** A photo on its way to a worker: every kind survives postMessage. */
export type PreparedImage =
  | { readonly kind: "address"; readonly url: string; readonly crossOrigin: FetchImageOptions["crossOrigin"] }
  | { readonly kind: "blob"; readonly blob: Blob }
  | { readonly kind: "bytes"; readonly bytes: Uint8Array }
  | { readonly kind: "bitmap"; readonly bitmap: ImageBitmap; readonly width: number; readonly height: number }
  | { readonly kind: "pixels"; readonly image: ImageData };

export interface PrepareOptions extends FetchImageOptions {}

/** Does in the page what only the page can do. The source itself is left as it is: nothing is closed or taken away. */
export async function prepareImage(source: ImageSource, given: PrepareOptions = {}): Promise<PreparedImage> {
  const options = bare(given);
  throwIfAborted(options.signal);
  if (typeof source === "string" || source instanceof URL) return prepareAddress(source, options);
  if (source instanceof Blob) return { kind: "blob", blob: source };
  if (isKind("ImageData", source)) return preparePixels(source as ImageData);
  if (isKind("HTMLImageElement", source)) return prepareElement(source as HTMLImageElement, options);
  if (isKind("ImageBitmap", source) || isKind("HTMLCanvasElement", source) || isKind("OffscreenCanvas", source)) {
    return prepareDrawable(source as Drawable);
  }
  throw new MnerError(
    "image-unsupported",
    "The photo must be an address, a Blob or File, an <img> or <canvas> element, an ImageBitmap or an ImageData.",
  );
}

/** What may be moved rather than copied when the photo is posted to a worker. */
export function transferablesOf(prepared: PreparedImage): Transferable[] {
  if (prepared.kind === "bitmap") return [prepared.bitmap];
  return prepared.kind === "bytes" ? [prepared.bytes.buffer as ArrayBuffer] : [];
}

/** A photo whose content is known, but not decoded yet: one whose features are still kept never needs to be. */
export interface OpenedImage {
  readonly key: string;
  decode(): Promise<Photo>;
}

/** Opens a prepared photo, in a worker or in the page: fetches or reads the file. Bitmaps are closed. */
export async function openImage(prepared: PreparedImage, options: FetchImageOptions = {}): Promise<OpenedImage> {
  const { signal } = options;
  throwIfAborted(signal);
  switch (prepared.kind) {
    case "address": {
      const { url, crossOrigin } = prepared;
      return openBytes(await fetchImage(url, { ...options, crossOrigin }), signal);
    }
    case "blob":
      return openBytes(await readBlob(prepared.blob), signal);
    case "bytes":
      return openBytes(prepared.bytes, signal);
    case "bitmap":
      try {
        return ready(photoFromDrawable(prepared.bitmap, prepared.width, prepared.height));
      } finally {
        prepared.bitmap.close();
      }
    case "pixels":
      return ready(photoFromImageData(prepared.image));
  }
}

/** All steps at once, for where there is no worker and no cache. */
export async function photoFrom(source: ImageSource, options: PrepareOptions = {}): Promise<Photo> {
  const opened = await openImage(await prepareImage(source, options), options);
  return opened.decode();
}

function openBytes(bytes: Uint8Array, signal: AbortSignal | undefined): OpenedImage {
  throwIfAborted(signal);
  return { key: fileKey(bytes), decode: () => photoFromBytes(bytes, signal) };
}

function ready(photo: Photo): OpenedImage {
  return { key: photo.key, decode: async () => photo };
}

async function prepareAddress(address: string | URL, options: PrepareOptions): Promise<PreparedImage> {
  const url = resolveImageUrl(address, options.base);
  if (url.protocol === "http:" || url.protocol === "https:") {
    return { kind: "address", url: url.href, crossOrigin: options.crossOrigin ?? null };
  }
  // blob: addresses may be revoked as soon as the caller goes on; data: addresses need no connection.
  return { kind: "bytes", bytes: await fetchImage(url, options) };
}

async function prepareElement(element: HTMLImageElement, options: PrepareOptions): Promise<PreparedImage> {
  const address = element.currentSrc || element.src;
  if (!address) throw unreadable("the <img> element has no photo yet");
  // A lazy <img> may wait for ever to come near the viewport.
  if (!element.complete && element.loading === "lazy") return prepareAddress(address, options);
  try {
    // The page's own work, which cannot be stopped, but need not be waited for.
    await orAborted(element.decode(), options.signal);
  } catch {
    throwIfAborted(options.signal);
    // Broken, or not to be had: fetching it says which.
    return prepareAddress(address, options);
  }
  // Shown without permission to be read. Asked for again with CORS, many servers do permit it.
  if (!isReadable(element)) return prepareAddress(address, options);
  return prepareDrawable(element);
}

async function preparePixels(image: ImageData): Promise<PreparedImage> {
  checkImageData(image);
  const { width, height } = image;
  // A copy, made at once: the owner may give the pixels away while they wait for their turn.
  if (Math.max(width, height) <= LONGEST_SIDE) return { kind: "pixels", image: structuredClone(image) };
  return { kind: "bitmap", bitmap: await reducedBitmap(image), width, height };
}

async function prepareDrawable(drawable: Drawable): Promise<PreparedImage> {
  const { width, height } = drawableSize(drawable);
  if (!(width > 0 && height > 0)) throw unreadable("it has no size (an empty canvas, or a closed bitmap)");
  if (!isReadable(drawable)) throw crossOriginError("another site");
  return { kind: "bitmap", bitmap: await reducedBitmap(drawable), width, height };
}

/** By constructor, where the platform has it: workers have no elements, and old browsers no OffscreenCanvas. */
function isKind(name: string, value: unknown): boolean {
  const type = (globalThis as Record<string, unknown>)[name];
  if (typeof type === "function" && value instanceof type) return true;
  // An object of another frame's.
  return Object.prototype.toString.call(value) === `[object ${name}]`;
}
