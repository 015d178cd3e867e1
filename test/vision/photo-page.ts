// What the tests of photos run in a page: every way to give a photo, decoded in the page and in a worker.

import type { FetchImageOptions, ImageSource, Photo } from "../../src/vision/index.js";
import {
  fitLetterbox,
  letterboxInput,
  openImage,
  photoFrom,
  prepareImage,
  transferablesOf,
} from "../../src/vision/index.js";

/** A photo as it can leave the page. */
export interface SeenPhoto extends Omit<Photo, "pixels"> {
  readonly pixels: string;
}

export type Outcome = { readonly photo: SeenPhoto } | { readonly code: string; readonly message: string };

function base64(bytes: Uint8Array | Uint8ClampedArray): string {
  let text = "";
  for (let at = 0; at < bytes.length; at += 8192) text += String.fromCharCode(...bytes.subarray(at, at + 8192));
  return btoa(text);
}

export function bytesOf(text: string): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(atob(text), (character) => character.charCodeAt(0));
}

async function outcome(make: () => Promise<Photo>): Promise<Outcome> {
  try {
    const photo = await make();
    return { photo: { ...photo, pixels: base64(photo.pixels) } };
  } catch (error) {
    const { code, message } = error as { code?: string; message: string };
    return { code: code ?? "none", message };
  }
}

export function inPage(source: ImageSource, options?: FetchImageOptions): Promise<Outcome> {
  return outcome(() => photoFrom(source, options));
}

export function inWorker(source: ImageSource, options?: FetchImageOptions): Promise<Outcome> {
  return outcome(async () => {
    const prepared = await prepareImage(source, options);
    const worker = new Worker(new URL("./photo-worker.ts", import.meta.url), { type: "module" });
    try {
      return await new Promise<Photo>((resolve, reject) => {
        worker.onmessage = ({ data }) => (data.photo ? resolve(data.photo) : reject(data));
        worker.onerror = (event) => reject(new Error(event.message));
        worker.postMessage({ prepared }, transferablesOf(prepared));
      });
    } finally {
      worker.terminate();
    }
  });
}

/** A file by its content. */
export function file(content: string): Blob {
  return new Blob([bytesOf(content)]);
}

/** An <img> that has loaded, or failed to. */
export async function image(address: string, crossOrigin?: string): Promise<HTMLImageElement> {
  const element = new Image();
  if (crossOrigin) element.crossOrigin = crossOrigin;
  element.src = address;
  await element.decode().catch(() => {});
  document.body.append(element);
  return element;
}

export async function canvas(content: string): Promise<HTMLCanvasElement> {
  const bitmap = await createImageBitmap(file(content));
  const element = document.createElement("canvas");
  element.width = bitmap.width;
  element.height = bitmap.height;
  element.getContext("2d")!.drawImage(bitmap, 0, 0);
  return element;
}

/** The network's input for a file, through the browser's decoder. */
export async function networkInput(content: string, size: number): Promise<string> {
  const photo = await photoFrom(file(content));
  const letterbox = fitLetterbox(photo.width, photo.height, size);
  const { pixels, pixelWidth, pixelHeight } = photo;
  const input = letterboxInput(pixels, pixelWidth, pixelHeight, letterbox, { mean: [0, 0, 0], std: [1, 1, 1] });
  return base64(new Uint8Array(input.buffer));
}

export { openImage };
