// Where a photo's pixels really lie inside its element, after object-fit and object-position. The boxes are drawn on
// that rectangle, so a page may crop or letterbox the photo with its own styles.
import type { Rect } from "./place-labels.js";

export interface Size {
  readonly width: number;
  readonly height: number;
}

/** One side of `object-position`: a percentage of the free room, or pixels. */
function offset(position: string | undefined, room: number): number {
  const value = Number.parseFloat(position ?? "50%");
  if (!Number.isFinite(value)) return room / 2;
  return position?.endsWith("px") ? value : (value / 100) * room;
}

/** The photo's rectangle in pixels from the frame's corner. It may reach beyond the frame (`cover`, `none`). */
export function fitPhoto(frame: Size, photo: Size, fit = "fill", position = "50% 50%"): Rect {
  if (!(photo.width > 0 && photo.height > 0)) return { x: 0, y: 0, ...frame };
  const across = frame.width / photo.width;
  const down = frame.height / photo.height;
  const contain = Math.min(across, down);
  const scale = { contain, cover: Math.max(across, down), none: 1, "scale-down": Math.min(1, contain) }[fit];
  if (scale === undefined) return { x: 0, y: 0, width: frame.width, height: frame.height };
  const width = photo.width * scale;
  const height = photo.height * scale;
  const [x, y] = position.split(/\s+/);
  return { x: offset(x, frame.width - width), y: offset(y, frame.height - height), width, height };
}
