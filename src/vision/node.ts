// Decodes photos in Node with sharp, which is asked for only when a photo comes along. Upright and over white like in a
// browser, so that the same photo gives the same result. Nothing in the page imports this.
import { readFile, stat } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { throwIfAborted } from "../core/abort.js";
import { MnerError } from "../core/mner-error.js";
import { type FetchImageOptions, fetchImage } from "./fetch-image.js";
import { IMAGE_LIMITS, readImageHeader } from "./header.js";
import { tooSlow, unreadable } from "./header-bytes.js";
import { fileKey, headerNotices, type Photo, photoFromPixels } from "./photo.js";
import type { OpenedImage } from "./prepare.js";

/** What a program may hold a photo in. A string is a path or an address. */
export type NodeImageSource = string | URL | Blob | Uint8Array | PixelSource;

export interface PixelSource {
  readonly width: number;
  readonly height: number;
  /** RGBA. */
  readonly data: Uint8ClampedArray | Uint8Array;
}

/** Reads a photo's file; decodes it only when asked to. */
export async function openNodeImage(source: NodeImageSource, options: FetchImageOptions = {}): Promise<OpenedImage> {
  const { signal } = options;
  throwIfAborted(signal);
  if (isPixels(source)) {
    const photo = photoFromPixels(new Uint8ClampedArray(source.data), source.width, source.height);
    return { key: photo.key, decode: async () => photo };
  }
  const bytes = await readSource(source, options);
  return { key: fileKey(bytes), decode: () => photoFromNodeBytes(bytes, signal) };
}

/** Reads and decodes a photo. */
export async function photoFromNode(source: NodeImageSource, options: FetchImageOptions = {}): Promise<Photo> {
  return (await openNodeImage(source, options)).decode();
}

async function readSource(
  source: Exclude<NodeImageSource, PixelSource>,
  options: FetchImageOptions,
): Promise<Uint8Array> {
  if (source instanceof Uint8Array) return source;
  if (source instanceof Blob) return new Uint8Array(await source.arrayBuffer());
  const address = String(source);
  if (/^(?:https?|data|blob):/i.test(address)) return fetchImage(address, options);
  return readImageFile(address.startsWith("file:") ? fileURLToPath(address) : address);
}

function isPixels(source: NodeImageSource): source is PixelSource {
  return typeof source === "object" && "data" in source && "width" in source;
}

/** Decodes a file's content. */
async function photoFromNodeBytes(bytes: Uint8Array, signal?: AbortSignal): Promise<Photo> {
  throwIfAborted(signal);
  const header = readImageHeader(bytes);
  const sharp = await loadSharp();
  let decoded: { data: Buffer; info: { width: number; height: number } };
  try {
    // WebP stays as it is stored, as in browsers.
    const autoOrient = header.format !== "webp";
    // "truncated" rather than the stricter default: browsers, too, show photos with small faults.
    decoded = await sharp(bytes, { failOn: "truncated", limitInputPixels: IMAGE_LIMITS.pixels, autoOrient })
      .timeout({ seconds: IMAGE_LIMITS.seconds })
      .toColourspace("srgb")
      .ensureAlpha()
      .raw({ depth: "uchar" })
      .toBuffer({ resolveWithObject: true });
  } catch (error) {
    if (header.format === "bmp") {
      throw new MnerError("image-unsupported", "BMP photos are read in browsers only. Save it as PNG.", {
        cause: error,
      });
    }
    if (error instanceof Error && error.message.startsWith("timeout")) throw tooSlow(error);
    throw unreadable("it is damaged", error);
  }
  throwIfAborted(signal);
  const { data, info } = decoded;
  const pixels = new Uint8ClampedArray(data.buffer, data.byteOffset, data.length);
  return photoFromPixels(pixels, info.width, info.height, { key: fileKey(bytes), notices: headerNotices(header) });
}

async function readImageFile(path: string): Promise<Uint8Array> {
  try {
    const status = await stat(path);
    // A device or a pipe may never end.
    if (!status.isFile()) throw new MnerError("image-unreadable", `"${path}" is not a file. Check the path.`);
    const { size } = status;
    if (size > IMAGE_LIMITS.bytes)
      throw new MnerError("image-too-large", `"${path}" has ${size} bytes. Make it smaller.`);
    return new Uint8Array(await readFile(path));
  } catch (error) {
    if (error instanceof MnerError) throw error;
    throw new MnerError("image-unreadable", `"${path}" cannot be opened. Check the path.`, { cause: error });
  }
}

async function loadSharp(): Promise<typeof import("sharp")["default"]> {
  try {
    return (await import("sharp")).default;
  } catch (error) {
    throw new MnerError(
      "image-unsupported",
      "Photos are decoded by the package sharp, which is not installed. Run `npm install sharp`, or give pixels " +
        "({ width, height, data }) instead.",
      { cause: error },
    );
  }
}
