// Reads the JSON files with gold boxes, and checks what it is going to rely on: these files come from elsewhere.
import { readFileSync } from "node:fs";
import { MnerError } from "../../core/mner-error.js";
import type { GoldPhoto } from "../../corpus/index.js";
import type { ScoredBox } from "../../metrics/index.js";

/** A photo with labelled boxes, of an index such as COCO's. */
export interface IndexedPhoto {
  readonly file: string;
  readonly width: number;
  readonly height: number;
  readonly boxes: readonly { readonly label: string; readonly box: ScoredBox }[];
}

function readJson(path: string): unknown {
  let text: string;
  try {
    text = readFileSync(path, "utf8");
  } catch (error) {
    throw new MnerError("input-unreadable", `${path} cannot be read. Check the path.`, { cause: error });
  }
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new MnerError("input-invalid", `${path} is not valid JSON.`, { cause: error });
  }
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function isSize(value: unknown): value is number {
  return typeof value === "number" && Number.isFinite(value) && value > 0;
}

function isBox(value: unknown): value is ScoredBox {
  return Array.isArray(value) && value.length === 4 && value.every((number) => Number.isFinite(number));
}

function invalid(path: string, where: string, form: string): MnerError {
  return new MnerError("input-invalid", `${path}: ${where} must be ${form}.`);
}

/** { id: { width, height, boxes: [{ entity, type, box: [x0, y0, x1, y1] }] } } */
export function readBoxes(path: string): Map<string, GoldPhoto> {
  const value = readJson(path);
  if (!isRecord(value)) throw invalid(path, "the file", "an object of photos by id");
  const form = "{ width, height, boxes: [{ entity, type, box: [x0, y0, x1, y1] }] }";
  return new Map(
    Object.entries(value).map(([id, photo]): [string, GoldPhoto] => {
      if (!isRecord(photo) || !isSize(photo.width) || !isSize(photo.height) || !Array.isArray(photo.boxes)) {
        throw invalid(path, `"${id}"`, form);
      }
      const boxes = photo.boxes.map((entry: unknown) => {
        if (!isRecord(entry) || typeof entry.entity !== "string" || !isBox(entry.box))
          throw invalid(path, `"${id}"`, form);
        return { entity: entry.entity, box: entry.box };
      });
      return [id, { width: photo.width, height: photo.height, boxes }];
    }),
  );
}

/** [{ file, width, height, boxes: [{ label, box }] }] */
export function readIndex(path: string): IndexedPhoto[] {
  const value = readJson(path);
  const form = "{ file, width, height, boxes: [{ label, box: [x0, y0, x1, y1] }] }";
  if (!Array.isArray(value)) throw invalid(path, "the file", "a list of photos");
  return value.map((photo: unknown, index) => {
    const where = `photo ${index}`;
    if (!isRecord(photo) || typeof photo.file !== "string" || !isSize(photo.width) || !isSize(photo.height)) {
      throw invalid(path, where, form);
    }
    if (!Array.isArray(photo.boxes)) throw invalid(path, where, form);
    const boxes = photo.boxes.map((entry: unknown) => {
      if (!isRecord(entry) || typeof entry.label !== "string" || !isBox(entry.box)) throw invalid(path, where, form);
      return { label: entry.label, box: entry.box };
    });
    return { file: photo.file, width: photo.width, height: photo.height, boxes };
  });
}
