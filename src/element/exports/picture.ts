// Pictures of a tag, as SVG or PNG.
import { MnerError } from "../../core/mner-error.js";
import { absolute } from "../loose-values.js";
import type { Scene } from "../scene.js";
import { measureText } from "./measure-text.js";
import { paintCanvas } from "./paint-canvas.js";
import { paintSvg } from "./paint-svg.js";
import { layPicture, lineHeight, margin, type Picture, pictureWidth, textSize } from "./picture-layout.js";
import { safeAddress } from "./source.js";

const font = "system-ui, sans-serif";
const pngScale = 2;
const photoQuality = 0.92;

type Drawable = HTMLImageElement | HTMLCanvasElement;

function sizeOf(photo: Drawable): { width: number; height: number } {
  if (photo instanceof HTMLCanvasElement) return photo;
  return { width: photo.naturalWidth, height: photo.naturalHeight };
}

async function photoOf(root: ParentNode): Promise<Drawable | null> {
  const photo = root.querySelector<Drawable>(".frame > img, .frame > canvas");
  if (!photo) return null;
  if (photo instanceof HTMLImageElement) {
    // Off screen it is fetched late; a picture needs it now. One that cannot be fetched is left out.
    photo.loading = "eager";
    await photo.decode().catch(() => {});
  }
  return sizeOf(photo).width > 0 ? photo : null;
}

function compose(scene: Scene, photo: Drawable | null): Picture {
  const pen = document.createElement("canvas").getContext("2d");
  const style = { width: pictureWidth - 2 * margin, size: textSize, lineHeight, font };
  return layPicture({
    view: scene.view,
    segmentation: scene.segmentation,
    localizer: scene.localizer,
    photo: photo && (scene.size ?? sizeOf(photo)),
    text: measureText(
      scene.text,
      scene.segmentation.spans.toSorted((a, b) => a.index - b.index),
      style,
    ),
    measure: (text, size, weight) => {
      if (!pen) return text.length * size * 0.55;
      pen.font = `${weight} ${size}px ${font}`;
      return pen.measureText(text).width;
    },
  });
}

/** The photo itself where it may be read, else its address, else nothing. */
function embed(photo: Drawable | null): string | null {
  if (!photo) return null;
  try {
    const canvas = document.createElement("canvas");
    Object.assign(canvas, { width: sizeOf(photo).width, height: sizeOf(photo).height });
    canvas.getContext("2d")?.drawImage(photo, 0, 0);
    return canvas.toDataURL("image/jpeg", photoQuality);
  } catch {
    return photo instanceof HTMLImageElement ? safeAddress(absolute(photo.src, document.baseURI)) : null;
  }
}

export async function drawSvg(root: ParentNode, scene: Scene): Promise<string> {
  const photo = await photoOf(root);
  return paintSvg(compose(scene, photo), embed(photo), scene.text, font);
}

export async function drawPng(root: ParentNode, scene: Scene): Promise<Blob> {
  const photo = await photoOf(root);
  const canvas = paintCanvas(compose(scene, photo), photo, font, pngScale);
  try {
    return await new Promise<Blob>((resolve, reject) => {
      canvas.toBlob(
        (blob) => (blob ? resolve(blob) : reject(new RangeError("The canvas gave no picture."))),
        "image/png",
      );
    });
  } catch (cause) {
    throw cause instanceof DOMException && cause.name === "SecurityError"
      ? new MnerError(
          "image-cross-origin",
          "The photo's server does not let other pages read it, so no PNG can be made. Serve the photo with CORS and set crossorigin.",
          { cause },
        )
      : new MnerError("out-of-memory", "The picture could not be made: it may be too large for this device.", {
          cause,
        });
  }
}
