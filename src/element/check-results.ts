// Reads the `results` a page hands in. They may come from anywhere, so nothing about them is believed: what can be drawn
// is kept, and everything else is named in a list of problems.

import { MnerError } from "../core/mner-error.js";
import type { AnalysisResult, Attention, Box, Entity, QueryResult, Region } from "../core/results.js";

export interface CheckedResults {
  /** What can be drawn; `null` when nothing can. */
  readonly result: AnalysisResult | null;
  /** `results-invalid` with the first problems in its message, or `null` when all is well. */
  readonly error: MnerError | null;
}

type Loose = Readonly<Record<string, unknown>>;
/** Notes a problem; `null` so that a reader can return it in place of what it could not read. */
type Report = (problem: string) => null;

const mostCells = 16_384;

const isObject = (value: unknown): value is Loose => typeof value === "object" && value !== null;
const isNumber = (value: unknown): value is number => Number.isFinite(value);
const list = (value: unknown): readonly unknown[] => (Array.isArray(value) ? value : []);
/** Probabilities outside 0 to 1 are unknown, which is `NaN`: shown as nothing at all rather than as a false figure. */
const probability = (value: unknown): number => (isNumber(value) && value >= 0 && value <= 1 ? value : Number.NaN);

function readBox(value: unknown): Box | null {
  const sides = list(value);
  if (sides.length !== 4 || !sides.every(isNumber)) return null;
  const [x0, y0, x1, y1] = sides as [number, number, number, number];
  return x1 > x0 && y1 > y0 ? [x0, y0, x1, y1] : null;
}

function readRegion(value: unknown, where: string, report: Report): Region | null {
  if (value === null || value === undefined) return null;
  const box = isObject(value) ? readBox(value.box) : null;
  if (!isObject(value) || !box) {
    report(`${where} has a region without a box of four numbers [left, top, right, bottom]`);
    return null;
  }
  return { box, score: probability(value.score) };
}

function readEntity(value: unknown, index: number, text: string, report: Report): Entity | null {
  const where = `entities[${index}]`;
  if (!isObject(value)) return report(`${where} is not an object`);
  const { start, end, type } = value;
  if (!Number.isInteger(start) || !Number.isInteger(end)) return report(`${where} has no whole-number start and end`);
  const [from, to] = [start as number, end as number];
  if (from < 0 || to > text.length) return report(`${where} lies outside the text (0 to ${text.length})`);
  if (from >= to) return report(`${where} is empty`);
  if (typeof type !== "string" || type.trim() === "") return report(`${where} has no type`);
  const region = readRegion(value.region, where, report);
  return { start: from, end: to, text: text.slice(from, to), type, score: probability(value.score), region };
}

function readAttention(value: unknown, where: string, report: Report): Attention | null {
  if (value === null || value === undefined) return null;
  const { columns, rows, cells } = isObject(value) ? value : ({} as Loose);
  const size = isNumber(columns) && isNumber(rows) ? columns * rows : 0;
  const usable =
    Number.isInteger(columns) && Number.isInteger(rows) && size > 0 && size <= mostCells && list(cells).length === size;
  if (!usable || !list(cells).every((cell) => isNumber(cell) && cell >= 0)) {
    report(`${where} has an attention whose cells do not fill its columns and rows`);
    return null;
  }
  return { columns: columns as number, rows: rows as number, cells: cells as readonly number[] };
}

function readQuery(value: unknown, index: number, report: Report): QueryResult | null {
  const where = `queries[${index}]`;
  if (!isObject(value) || typeof value.type !== "string") return report(`${where} has no type`);
  return {
    type: value.type,
    query: typeof value.query === "string" ? value.query : "",
    exists: probability(value.exists),
    region: readRegion(value.region, where, report),
    notInPhoto: probability(value.notInPhoto),
    alternatives: list(value.alternatives)
      .map((region) => readRegion(region, where, report))
      .filter((region) => region !== null),
    imageRelevance: probability(value.imageRelevance),
    attention: readAttention(value.attention, where, report),
  };
}

function readImage(value: unknown, report: Report): AnalysisResult["image"] {
  if (value === null || value === undefined) return null;
  const { width, height } = isObject(value) ? value : ({} as Loose);
  if (isNumber(width) && isNumber(height) && width > 0 && height > 0) return { width, height };
  report("image has no width and height above 0");
  return null;
}

function read(input: unknown, report: Report): AnalysisResult | null {
  if (!isObject(input)) return report("they are not an object");
  if (typeof input.text !== "string") return report("they have no text");
  if (!Array.isArray(input.entities)) report("entities is not a list");
  const text = input.text;
  const model = isObject(input.model) ? input.model : {};
  const timings = isObject(input.timings) ? input.timings : {};
  const stage = (name: string): number => (isNumber(timings[name]) ? timings[name] : 0);
  return {
    text,
    image: readImage(input.image, report),
    entities: list(input.entities)
      .map((entity, index) => readEntity(entity, index, text, report))
      .filter((entity) => entity !== null),
    queries: list(input.queries)
      .map((query, index) => readQuery(query, index, report))
      .filter((query) => query !== null),
    backend: (["webgpu", "webgl", "wasm", "cpu"] as const).find((name) => name === input.backend) ?? "cpu",
    model: { name: String(model.name ?? ""), version: String(model.version ?? "") },
    timings: {
      queued: stage("queued"),
      tokenise: stage("tokenise"),
      decodeImage: stage("decodeImage"),
      imageTrunk: stage("imageTrunk"),
      network: stage("network"),
      decode: stage("decode"),
      total: stage("total"),
    },
    notices: list(input.notices)
      .filter(isObject)
      .map(({ code, message }) => ({ code: String(code), message: String(message) })),
  };
}

export function checkResults(input: unknown): CheckedResults {
  const problems: string[] = [];
  let result: AnalysisResult | null = null;
  let cause: unknown;
  try {
    result = read(input, (problem) => {
      problems.push(problem);
      return null;
    });
  } catch (error) {
    // Getters and proxies may throw: that too is only a fault of the input.
    cause = error;
    problems.push("reading them failed");
  }
  if (problems.length === 0) return { result, error: null };
  const more = problems.length > 3 ? `; and ${problems.length - 3} more` : "";
  const message = `These results cannot be drawn in full: ${problems.slice(0, 3).join("; ")}${more}. Hand in what analyze() or toJSON() returned, unchanged.`;
  return { result, error: new MnerError("results-invalid", message, { cause }) };
}
