// The measuring part: after each render and each change of size it puts labels and chips where there is room for them, and
// the overlay on the photo's own pixels. It only ever moves what floats; text and photo stay where they are.
import { placeChips } from "./place-chips.js";
import { placeLabels, type Rect } from "./place-labels.js";
import type { Scene } from "./scene.js";
import { area } from "./view.js";

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

/**
 * Where a photo's pixels really lie inside its element, after object-fit and object-position: a page may crop or letterbox it.
 * The rectangle in pixels from the frame's corner. It may reach beyond the frame (`cover`, `none`).
 */
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

type Root = ShadowRoot | HTMLElement;

const percent = (part: number, whole: number): string => `${whole > 0 ? (100 * part) / whole : 0}%`;

/** Puts the overlay on the photo's rectangle; in percent, so that paper and zoom keep it right without this code. */
function layOverlay(root: Root, size: Size): Size | null {
  const image = root.querySelector<HTMLElement>(".frame > img, .frame > canvas");
  const overlay = root.querySelector<HTMLElement>(".overlay");
  if (!image || !overlay) return null;
  const style = getComputedStyle(image);
  const inset = (side: "Left" | "Right" | "Top" | "Bottom"): number => Number.parseFloat(style[`padding${side}`]) || 0;
  const frame = {
    width: image.clientWidth - inset("Left") - inset("Right"),
    height: image.clientHeight - inset("Top") - inset("Bottom"),
  };
  const rect = fitPhoto(frame, size, style.objectFit, style.objectPosition);
  const left = image.offsetLeft + image.clientLeft + inset("Left") + rect.x;
  const top = image.offsetTop + image.clientTop + inset("Top") + rect.y;
  const parent = { width: overlay.offsetParent?.clientWidth ?? 0, height: overlay.offsetParent?.clientHeight ?? 0 };
  const wanted = {
    left: percent(left, parent.width),
    top: percent(top, parent.height),
    width: percent(rect.width, parent.width),
    height: percent(rect.height, parent.height),
  };
  for (const [name, value] of Object.entries(wanted)) overlay.style.setProperty(name, value);
  overlay.style.setProperty("inset-inline-end", "auto");
  return { width: rect.width, height: rect.height };
}

function layLabels(root: Root, scene: Scene, photo: Size): void {
  const { size } = scene;
  if (!size) return;
  const labels = new Map(
    [...root.querySelectorAll<HTMLElement>(".label")].map((label) => [label.dataset.label, label]),
  );
  const boxes = scene.view.boxes.filter((box) => labels.has(box.id)).sort((a, b) => area(a.box) - area(b.box));
  const across = photo.width / size.width;
  const down = photo.height / size.height;
  const places = placeLabels(
    boxes.map(({ id, box: [x0, y0, x1, y1] }) => ({
      box: { x: x0 * across, y: y0 * down, width: (x1 - x0) * across, height: (y1 - y0) * down },
      width: labels.get(id)!.offsetWidth,
      height: labels.get(id)!.offsetHeight,
    })),
    photo,
  );
  boxes.forEach(({ id }, index) => {
    const label = labels.get(id)!;
    const place = places[index]!;
    label.style.setProperty("left", percent(place.x, photo.width));
    label.style.setProperty("top", percent(place.y, photo.height));
    label.classList.toggle("crowded", !place.free);
  });
}

function layChips(root: Root): void {
  const text = root.querySelector<HTMLElement>(".text");
  const groups = [...root.querySelectorAll<HTMLElement>(".chips")];
  if (!text || groups.length === 0) return;
  for (const group of groups) {
    group.style.removeProperty("--shift");
    for (const chip of group.children) chip.classList.remove("dot");
  }
  const column = text.getBoundingClientRect();
  const rects = groups.map((group) => group.getBoundingClientRect());
  const places = placeChips(
    rects.map((rect) => ({ x: rect.left - column.left, y: rect.top - column.top, width: rect.width })),
    column.width,
  );
  groups.forEach((group, index) => {
    const { shift, dot } = places[index]!;
    for (const chip of group.children) chip.classList.toggle("dot", dot);
    if (Math.abs(shift) > 0.5) group.style.setProperty("--shift", `${shift}px`);
  });
}

/** Text beside the photo where there is room for both. Set here and not by a container query, for that would make the tag shrink to nothing inside a flex row. */
const wide = 46;

function layColumns(root: Root): void {
  const layout = root.querySelector<HTMLElement>(".layout");
  if (!layout) return;
  const rem = Number.parseFloat(getComputedStyle(document.documentElement).fontSize) || 16;
  layout.toggleAttribute("data-wide", layout.clientWidth >= wide * rem);
}

export function layOut(root: Root, scene: Scene): void {
  layColumns(root);
  layChips(root);
  const photo = scene.size && layOverlay(root, scene.size);
  if (photo) layLabels(root, scene, photo);
}
