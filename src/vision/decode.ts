// Decodes photos with the browser's own decoders, in a page or a worker: upright, over white, no larger than needed.
import { throwIfAborted } from "../core/abort.js";
import { bare } from "../core/json.js";
import { isMnerError, MnerError } from "../core/mner-error.js";
import { crossOriginError } from "./fetch-image.js";
import { checkImageSize, IMAGE_LIMITS, readImageHeader } from "./header.js";
import { type ImageHeader, tooSlow, unreadable } from "./header-bytes.js";
import { fileKey, headerNotices, type Photo, photoFromPixels, reducedSize } from "./photo.js";

/** Whatever a canvas can draw and has a size. */
export type Drawable = ImageBitmap | HTMLImageElement | HTMLCanvasElement | OffscreenCanvas;

/** Decodes a file's content. */
export async function photoFromBytes(bytes: Uint8Array, signal?: AbortSignal): Promise<Photo> {
  throwIfAborted(signal);
  if (bytes.length > IMAGE_LIMITS.bytes) {
    throw new MnerError("image-too-large", `The photo's file has ${bytes.length} bytes. Make it smaller first.`);
  }
  const header = readImageHeader(bytes);
  // The type is ours, not the server's, so that the browser's decoder sees only what the header was read as.
  const file = new Blob([bytes as Uint8Array<ArrayBuffer>], bare({ type: `image/${header.format}` }));
  const bitmap = await inTime(decodeBitmap(file, header.width, header.height));
  try {
    throwIfAborted(signal);
    const size = shownSize(header, bitmap);
    const drawn = drawPixels(bitmap, size.width, size.height);
    return { ...drawn, key: fileKey(bytes), notices: headerNotices(header) };
  } finally {
    bitmap.close();
  }
}

/** The bytes of a Blob or File. */
export async function readBlob(blob: Blob): Promise<Uint8Array> {
  if (blob.size > IMAGE_LIMITS.bytes) {
    throw new MnerError("image-too-large", `The photo's file has ${blob.size} bytes. Make it smaller first.`);
  }
  try {
    return new Uint8Array(await blob.arrayBuffer());
  } catch (error) {
    throw unreadable("the file was changed or taken away since it was chosen", error);
  }
}

/**
 * The whole photo's size as the browser shows it. Browsers differ in which formats they turn upright, and boxes are
 * drawn over what the browser shows: where its picture lies on its side, so does ours.
 */
function shownSize(header: ImageHeader, bitmap: ImageBitmap): { width: number; height: number } {
  const { width, height } = header;
  if (reducedSize(width, height).width === width) return { width: bitmap.width, height: bitmap.height };
  const turned = bitmap.width > bitmap.height !== width > height;
  return turned ? { width: height, height: width } : { width, height };
}

/**
 * Reads the pixels of something already decoded. `width` and `height` are the whole photo's, when the drawable is a
 * reduced copy of it.
 */
export function photoFromDrawable(drawable: Drawable, width?: number, height?: number): Photo {
  const size = drawableSize(drawable);
  if (!(size.width > 0 && size.height > 0)) throw unreadable("it has no size (not loaded yet, or closed)");
  const drawn = drawPixels(drawable, width ?? size.width, height ?? size.height);
  return photoFromReduced(drawn);
}

export function photoFromImageData(image: ImageData): Photo {
  checkImageData(image);
  if (image.data instanceof Uint8ClampedArray && (image.colorSpace ?? "srgb") === "srgb") {
    return photoFromPixels(image.data.slice(), image.width, image.height);
  }
  // Wide colours and half-float pixels: the canvas turns them into plain sRGB.
  const canvas = makeCanvas(image.width, image.height);
  const context = context2d(canvas);
  context.putImageData(image, 0, 0);
  return photoFromPixels(context.getImageData(0, 0, image.width, image.height).data, image.width, image.height);
}

/** Pixels can be given away (posted to a worker and transferred); the size stays behind and says nothing of it. */
export function checkImageData({ width, height, data }: ImageData): void {
  checkImageSize(width, height);
  if (data.length !== width * height * 4) throw unreadable("its pixels are gone: the ImageData was given to a worker");
}

export function drawableSize(drawable: Drawable | ImageData): { width: number; height: number } {
  if ("naturalWidth" in drawable) return { width: drawable.naturalWidth, height: drawable.naturalHeight };
  return { width: drawable.width, height: drawable.height };
}

/** Shrinks something already decoded to what is kept of it, as a bitmap that can be sent to a worker. */
export async function reducedBitmap(drawable: Drawable | ImageData): Promise<ImageBitmap> {
  const { width, height } = drawableSize(drawable);
  checkImageSize(width, height);
  const target = reducedSize(width, height);
  const resize = { resizeWidth: target.width, resizeHeight: target.height, resizeQuality: "high" } as const;
  try {
    return await createImageBitmap(drawable, bare(target.width < width ? resize : {}));
  } catch (error) {
    throw unreadable("the browser cannot make a picture of it", error);
  }
}

type Drawn = Pick<Photo, "width" | "height" | "pixels" | "pixelWidth" | "pixelHeight">;

function photoFromReduced(drawn: Drawn): Photo {
  const { key } = photoFromPixels(drawn.pixels, drawn.pixelWidth, drawn.pixelHeight);
  return { ...drawn, key: `${key}-of-${drawn.width}x${drawn.height}`, notices: [] };
}

/** A photo whose decoding never ends must not keep others waiting; what comes too late is closed. */
async function inTime(decoding: Promise<ImageBitmap>): Promise<ImageBitmap> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => {
      decoding.then(
        (bitmap) => bitmap.close(),
        () => {},
      );
      reject(tooSlow());
    }, IMAGE_LIMITS.seconds * 1000);
  });
  try {
    return await Promise.race([decoding, late]);
  } finally {
    clearTimeout(timer);
  }
}

async function decodeBitmap(file: Blob, width: number, height: number): Promise<ImageBitmap> {
  const target = reducedSize(width, height);
  const upright = { imageOrientation: "from-image" } as const;
  // The width alone: the browser then keeps the shape, whether or not it turned the photo upright.
  const resize = target.width < width ? { resizeWidth: target.width, resizeQuality: "high" as const } : {};
  try {
    return await createImageBitmap(file, bare({ ...upright, ...resize }));
  } catch {
    // Older browsers know no options; a broken photo fails again.
  }
  try {
    return await createImageBitmap(file);
  } catch (error) {
    throw unreadable("it is damaged, or this browser does not know its format", error);
  }
}

/** Draws over white at the size that is kept, and takes the pixels. */
function drawPixels(drawable: Drawable, width: number, height: number): Drawn {
  checkImageSize(width, height);
  const size = drawableSize(drawable);
  const target = reducedSize(size.width, size.height);
  const context = context2d(makeCanvas(target.width, target.height));
  context.fillStyle = "#fff";
  context.fillRect(0, 0, target.width, target.height);
  context.imageSmoothingQuality = "high";
  context.drawImage(drawable, 0, 0, target.width, target.height);
  try {
    const { data } = context.getImageData(0, 0, target.width, target.height);
    return { width, height, pixels: data, pixelWidth: target.width, pixelHeight: target.height };
  } catch (error) {
    if (error instanceof DOMException && error.name === "SecurityError") throw crossOriginError("another site", error);
    throw new MnerError(
      "out-of-memory",
      "There is not enough memory for the photo's pixels. Close other tabs, or use a smaller photo.",
      { cause: error },
    );
  }
}

/** Whether a page may read the pixels of what it shows; foreign pictures without CORS may only be shown. */
export function isReadable(drawable: Drawable): boolean {
  try {
    const context = context2d(makeCanvas(1, 1));
    context.drawImage(drawable, 0, 0, 1, 1);
    context.getImageData(0, 0, 1, 1);
    return true;
  } catch (error) {
    if (isMnerError(error)) throw error;
    return false;
  }
}

type Context = CanvasRenderingContext2D | OffscreenCanvasRenderingContext2D;

function makeCanvas(width: number, height: number): HTMLCanvasElement | OffscreenCanvas {
  if (typeof OffscreenCanvas === "function") return new OffscreenCanvas(width, height);
  const canvas = document.createElement("canvas");
  canvas.width = width;
  canvas.height = height;
  return canvas;
}

function context2d(canvas: HTMLCanvasElement | OffscreenCanvas): Context {
  const context = canvas.getContext("2d", bare({ willReadFrequently: true })) as Context | null;
  if (context) return context;
  throw new MnerError("out-of-memory", "The browser has no memory left for a canvas. Close other tabs and try again.");
}
