// Tweets as JSON objects, one per line: { "text": "…", "image": "photo.jpg", "id": "…" }, the last two at will.
import type { Line } from "./lines.js";
import { broken, type CorpusRecord, sound } from "./record.js";

export async function* readJsonLines(lines: AsyncIterable<Line>): AsyncGenerator<CorpusRecord> {
  for await (const line of lines) {
    if (line.problem === null && line.text.trim() === "") continue;
    yield line.problem === null ? readLine(line) : broken(line.number, line.problem);
  }
}

function readLine({ number, text: json }: Line): CorpusRecord {
  let value: unknown;
  try {
    value = JSON.parse(json);
  } catch {
    return broken(number, "is not valid JSON");
  }
  if (typeof value !== "object" || value === null || Array.isArray(value))
    return broken(number, "is not a JSON object");
  const text = own(value, "text");
  const image = own(value, "image") ?? null;
  const id = own(value, "id") ?? null;
  if (typeof text !== "string") return broken(number, 'has no "text"');
  if (image !== null && typeof image !== "string") return broken(number, 'has an "image" that is not a file name');
  if (id !== null && typeof id !== "string" && typeof id !== "number")
    return broken(number, 'has an "id" that is not text');
  return sound(number, { text, image: image === "" ? null : image, id: id === null ? null : String(id) });
}

function own(value: object, key: string): unknown {
  return Object.hasOwn(value, key) ? (value as Record<string, unknown>)[key] : undefined;
}
