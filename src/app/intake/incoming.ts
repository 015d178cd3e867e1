// What a reader hands to the page, by whatever way: dropped, pasted, picked, photographed, shared or opened with the app.
// Everything ends up in this one form, so that every way behaves the same.

import { MnerError } from "../../core/mner-error.js";
import { PHOTO_ENDINGS } from "../../corpus/index.js";

export interface Incoming {
  /** Text of a tweet, ready to be read. */
  readonly text: string | null;
  readonly photos: readonly File[];
  /** Files with many tweets. */
  readonly tables: readonly File[];
  /** Names of files that are neither. */
  readonly unknown: readonly string[];
  /** What was given but cannot be used, with what to do instead. */
  readonly notes?: readonly string[];
}

export const nothing: Incoming = { text: null, photos: [], tables: [], unknown: [] };

const photoEndings: ReadonlySet<string> = new Set(PHOTO_ENDINGS);
const tableEndings = new Set(["jsonl", "ndjson", "csv", "tsv", "conll", "bio"]);
/** A tweet in a file of its own is short; a corpus is not. */
const MOST_TEXT_FILE = 100_000;
const START_OF_FILE = 65_536;

function endingOf(name: string): string {
  return /\.([A-Za-z0-9]+)$/.exec(name)?.[1]?.toLowerCase() ?? "";
}

function isPhoto(file: File): boolean {
  return file.type.startsWith("image/") ? file.type !== "image/svg+xml" : photoEndings.has(endingOf(file.name));
}

function isTable(file: File): boolean {
  return tableEndings.has(endingOf(file.name));
}

/** Corpora come as .txt as often as .conll: an image line, or a tab and a tag at the end of a line, tells them. */
function looksLikeConll(start: string): boolean {
  return /^IMGID:/m.test(start) || /^\S+[\t ]+(?:O|[BI]-\S+)\r?$/m.test(start);
}

/** A photo belongs to a tweet or, when there are several, to a file of tweets. Nothing is dropped without a word. */
export async function sortFiles(files: readonly File[]): Promise<Incoming> {
  const photos: File[] = [];
  const tables: File[] = [];
  const unknown: string[] = [];
  let text: string | null = null;
  for (const file of files) {
    if (isPhoto(file)) photos.push(file);
    else if (isTable(file)) tables.push(file);
    else if (endingOf(file.name) === "txt" || file.type === "text/plain") {
      const start = await file.slice(0, START_OF_FILE).text();
      if (looksLikeConll(start)) tables.push(file);
      else if (file.size <= MOST_TEXT_FILE) text = (await file.text()).trim();
      else unknown.push(file.name);
    } else if (!isClutter(file.name)) unknown.push(file.name);
  }
  return { text, photos, tables, unknown };
}

/** What operating systems leave in folders. */
function isClutter(name: string): boolean {
  return name.startsWith(".") || name === "Thumbs.db" || name === "desktop.ini";
}

export function unknownFiles(names: readonly string[]): MnerError {
  const list = names
    .slice(0, 3)
    .map((name) => `“${name}”`)
    .join(", ");
  const more = names.length > 3 ? ` and ${names.length - 3} more` : "";
  return new MnerError(
    "input-invalid",
    `${list}${more}: neither a photo nor a file of tweets. Give a JPEG, PNG, WebP, GIF or AVIF, or a .jsonl, .csv or .conll file.`,
  );
}
