// Turns what a page may hold a photo in into something that can cross into a worker.
import { MnerError } from "../errors/mner-error.js";
import type { AnalyzeRequest, ImageInput } from "./analyzer.js";
import type { PhotoInput } from "./job.js";

export async function toPhotoInput(image: ImageInput, request: AnalyzeRequest): Promise<PhotoInput> {
  if (typeof image === "string" || image instanceof URL) return fromUrl(image, request.crossOrigin);
  if (image instanceof Blob) return { kind: "blob", blob: image };
  if (image instanceof ImageData) return { kind: "pixels", pixels: image };
  if (image instanceof ImageBitmap) return { kind: "bitmap", bitmap: image };
  // Elsewhere than in a page there are no elements to ask for.
  if (typeof HTMLImageElement !== "undefined" && image instanceof HTMLImageElement) return fromElement(image, request);
  if (typeof HTMLCanvasElement !== "undefined" && image instanceof HTMLCanvasElement) {
    return { kind: "bitmap", bitmap: await bitmapOf(image) };
  }
  throw new MnerError(
    "image-unsupported",
    "The photo must be an address, a Blob or File, an ImageBitmap, ImageData, or an <img> or <canvas> element.",
  );
}

function fromUrl(address: string | URL, crossOrigin: AnalyzeRequest["crossOrigin"]): PhotoInput {
  const base = typeof document === "undefined" ? location.href : document.baseURI;
  try {
    const url = new URL(address, base).href;
    return { kind: "url", url, credentials: crossOrigin === "use-credentials" ? "include" : "same-origin" };
  } catch (cause) {
    const message = `"${String(address).slice(0, 200)}" is no address of a photo. Give a URL.`;
    throw new MnerError("image-unsupported", message, { cause });
  }
}

/** By its address rather than its pixels, so that orientation and size are read from the file and the same photo is known again. */
async function fromElement(image: HTMLImageElement, request: AnalyzeRequest): Promise<PhotoInput> {
  const address = image.currentSrc || image.src;
  if (address) return fromUrl(address, request.crossOrigin ?? credentialsOf(image));
  throw new MnerError("image-unreadable", "The <img> element has no photo. Set its src first.");
}

function credentialsOf({ crossOrigin }: HTMLImageElement): AnalyzeRequest["crossOrigin"] {
  return crossOrigin === "use-credentials" ? crossOrigin : "anonymous";
}

async function bitmapOf(canvas: HTMLCanvasElement): Promise<ImageBitmap> {
  try {
    return await createImageBitmap(canvas);
  } catch (cause) {
    throw new MnerError("image-unreadable", "The <canvas> element has no pixels. Give it a size and draw on it.", {
      cause,
    });
  }
}
