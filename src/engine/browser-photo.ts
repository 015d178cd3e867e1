// Opens a photo in a page or a worker: its content by a hash, its pixels only when that is new.
import { MnerError, throwIfAborted } from "../errors/mner-error.js";
import { sha256 } from "../model/index.js";
import { fitLetterbox, letterboxInput } from "../vision/index.js";
import type { OpenedPhoto, PhotoInput } from "./job.js";

export async function openBrowserPhoto(photo: PhotoInput, signal: AbortSignal): Promise<OpenedPhoto> {
  const blob = await toBlob(photo, signal);
  const key = await sha256(new Uint8Array(await blob.arrayBuffer()));
  throwIfAborted(signal);
  return {
    key,
    async decode({ size, mean, std }) {
      const bitmap = await createImageBitmap(blob);
      const { width, height } = bitmap;
      const context = new OffscreenCanvas(width, height).getContext("2d")!;
      context.drawImage(bitmap, 0, 0);
      const letterbox = fitLetterbox(width, height, size);
      const { data } = context.getImageData(0, 0, width, height);
      return { letterbox, pixels: letterboxInput(data, width, height, letterbox, mean, std) };
    },
  };
}

async function toBlob(photo: PhotoInput, signal: AbortSignal): Promise<Blob> {
  if (photo.kind === "blob") return photo.blob;
  if (photo.kind === "url") {
    const response = await fetch(photo.url, { credentials: photo.credentials, signal });
    return response.blob();
  }
  throw new MnerError("image-unsupported", "Not yet.");
}
