// Finds a place for each box's label: above it, inside it, below it, whichever fits in the photo without covering a label
// that is already there. What finds no place stays hidden until its box is pointed at.

export interface Rect {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

export interface LabelInput {
  /** The box on the page, in pixels from the photo's corner. */
  readonly box: Rect;
  /** Size of the label as laid out. */
  readonly width: number;
  readonly height: number;
}

export interface LabelPlace {
  readonly x: number;
  readonly y: number;
  readonly where: "above" | "inside" | "below";
  /** False when every place was taken: show it only while its box is active. */
  readonly free: boolean;
}

const gap = 2;

function overlaps(a: Rect, b: Rect): boolean {
  return a.x < b.x + b.width && b.x < a.x + a.width && a.y < b.y + b.height && b.y < a.y + a.height;
}

function candidates({ box, width, height }: LabelInput): { x: number; y: number; where: LabelPlace["where"] }[] {
  const left = box.x;
  const right = box.x + box.width - width;
  const above = box.y - height - gap;
  const below = box.y + box.height + gap;
  const inset = gap + 2;
  const places: { x: number; y: number; where: LabelPlace["where"] }[] = [
    { x: left, y: above, where: "above" },
    { x: right, y: above, where: "above" },
  ];
  if (box.width >= width + 2 * inset && box.height >= height * 2) {
    const top = box.y + inset;
    const bottom = box.y + box.height - height - inset;
    places.push(
      { x: left + inset, y: top, where: "inside" },
      { x: right - inset, y: top, where: "inside" },
      { x: left + inset, y: bottom, where: "inside" },
      { x: right - inset, y: bottom, where: "inside" },
    );
  }
  places.push({ x: left, y: below, where: "below" }, { x: right, y: below, where: "below" });
  return places;
}

/** Places in the order given; hand in small boxes first, for they have the least choice. */
export function placeLabels(labels: readonly LabelInput[], photo: { width: number; height: number }): LabelPlace[] {
  const taken: Rect[] = [];
  return labels.map((label) => {
    const minX = Math.min(gap, Math.max(0, photo.width - label.width));
    const maxX = Math.max(minX, photo.width - label.width - gap);
    const maxY = Math.max(0, photo.height - label.height);
    for (const place of candidates(label)) {
      if (place.y < 0 || place.y > maxY) continue;
      const x = Math.min(Math.max(minX, place.x), maxX);
      const rect = { x, y: place.y, width: label.width, height: label.height };
      if (taken.some((other) => overlaps(other, rect))) continue;
      taken.push(rect);
      return { x, y: place.y, where: place.where, free: true };
    }
    const x = Math.min(Math.max(minX, label.box.x), maxX);
    const y = Math.min(Math.max(0, label.box.y), maxY);
    return { x, y, where: "inside", free: false };
  });
}
