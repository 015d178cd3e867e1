// Reads the `results` a page hands in. They may come from anywhere, so nothing about them is believed: what can be drawn
// is kept, and everything else is named in a list of problems.

import { MnerError } from "../core/mner-error.js";
import type {
  AnalysisResult,
  Attention,
  Box,
  Entity,
  Evidence,
  ImageKind,
  QueryResult,
  Region,
  Timings,
} from "../core/results.js";

export interface CheckedResults {
  /** What can be drawn; `null` when nothing can. */
  readonly result: AnalysisResult | null;
  /** `results-invalid` with the first problems in its message, or `null` when all is well. */
  readonly error: MnerError | null;
}

export type Loose = Readonly<Record<string, unknown>>;
/** Notes a problem; `null` so that a reader can return it in place of what it could not read. */
export type Report = (problem: string) => null;

/** What one page can draw and a reader can take in; the rest is counted, not drawn. */
const most = { text: 100_000, type: 200, entities: 2000, depth: 12, queries: 200, alternatives: 20, notices: 50 };

export const isObject = (value: unknown): value is Loose => typeof value === "object" && value !== null;
export const isNumber = (value: unknown): value is number => Number.isFinite(value);
export const list = (value: unknown): readonly unknown[] => (Array.isArray(value) ? value : []);

/** The beginning of a text or a list. Length first: a sparse list of four thousand million places is as easily written as any other. */
function cut<T extends string | readonly unknown[]>(
  given: T,
  what: "characters" | keyof typeof most,
  report: Report,
): T {
  const limit = what === "characters" ? most.text : most[what];
  if (given.length <= limit) return given;
  report(`only the first ${limit} of ${given.length} ${what} are drawn`);
  return given.slice(0, limit) as T;
}

/** What can be read of a list's entries. */
function readAll<T>(
  value: unknown,
  what: keyof typeof most,
  report: Report,
  readOne: (value: unknown, index: number) => T | null,
): T[] {
  return cut(list(value), what, report)
    .map(readOne)
    .filter((one) => one !== null);
}

/** Leaves out what would lie under `most.depth` others: outer ones first, each in the lowest lane that is free. */
function limitDepth(entities: readonly Entity[], report: Report): readonly Entity[] {
  const laneEnds = Array<number>(most.depth).fill(0);
  const kept = [...entities]
    .sort((a, b) => a.start - b.start || b.end - a.end)
    .filter(({ start, end }) => {
      const lane = laneEnds.findIndex((laneEnd) => laneEnd <= start);
      if (lane >= 0) laneEnds[lane] = end;
      return lane >= 0;
    });
  const left = entities.length - kept.length;
  if (left > 0) report(`${left} entities overlap more than ${most.depth - 1} others`);
  return entities.filter((entity) => kept.includes(entity));
}

/** Probabilities outside 0 to 1 are unknown, which is `NaN`: shown as nothing at all rather than as a false figure. */
export const probability = (value: unknown): number =>
  isNumber(value) && value >= 0 && value <= 1 ? value : Number.NaN;

export function readBox(value: unknown): Box | null {
  const sides = list(value);
  if (sides.length !== 4 || !sides.every(isNumber)) return null;
  const [x0, y0, x1, y1] = sides as [number, number, number, number];
  return x1 > x0 && y1 > y0 ? [x0, y0, x1, y1] : null;
}

export function readRegion(value: unknown, where: string, report: Report): Region | null {
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
  if (typeof type !== "string" || type.trim() === "" || type.length > most.type) return report(`${where} has no type`);
  const region = readRegion(value.region, where, report);
  const { notInPhoto, alternatives, ambiguous } = value;
  return {
    start: from,
    end: to,
    text: text.slice(from, to),
    type,
    score: probability(value.score),
    region,
    // Results of version 0.2 have none of these, and keep having none.
    ...(notInPhoto === undefined ? {} : { notInPhoto: probability(notInPhoto) }),
    ...(alternatives === undefined ? {} : { alternatives: readRegions(alternatives, where, report) }),
    ...(ambiguous === undefined ? {} : { ambiguous: ambiguous === true }),
  };
}

function readRegions(value: unknown, where: string, report: Report): Region[] {
  return readAll(value, "alternatives", report, (region) => readRegion(region, where, report));
}

function readQuery(value: unknown, index: number, report: Report): QueryResult | null {
  const where = `queries[${index}]`;
  if (!isObject(value) || typeof value.type !== "string") return report(`${where} has no type`);
  return {
    type: value.type.slice(0, most.type),
    query: typeof value.query === "string" ? value.query.slice(0, most.type) : "",
    exists: probability(value.exists),
    region: readRegion(value.region, where, report),
    notInPhoto: probability(value.notInPhoto),
    alternatives: readRegions(value.alternatives, where, report),
    imageRelevance: probability(value.imageRelevance),
    // Read by the view that draws it, as evidence is.
    attention: isObject(value.attention) ? (value.attention as unknown as Attention) : null,
  };
}

function readImage(value: unknown, report: Report): AnalysisResult["image"] {
  if (value === null || value === undefined) return null;
  const { width, height } = isObject(value) ? value : ({} as Loose);
  if (isNumber(width) && isNumber(height) && width > 0 && height > 0) return { width, height };
  report("image has no width and height above 0");
  return null;
}

const stages = ["queued", "tokenise", "decodeImage", "imageTrunk", "network", "decode", "total"];

function read(input: unknown, report: Report): AnalysisResult | null {
  if (!isObject(input)) return report("they are not an object");
  if (typeof input.text !== "string") return report("they have no text");
  if (!Array.isArray(input.entities)) report("entities is not a list");
  const text = cut(input.text, "characters", report);
  const model = isObject(input.model) ? input.model : {};
  const timings = isObject(input.timings) ? input.timings : {};
  return {
    ...(typeof input.system === "string" ? { system: input.system } : {}),
    ...(input.relatedness === undefined
      ? {}
      : { relatedness: input.relatedness === null ? null : probability(input.relatedness) }),
    // Believed no more than the rest, but only looked at by the view that draws it (check-evidence.ts).
    ...(isObject(input.imageKind) ? { imageKind: input.imageKind as unknown as ImageKind } : {}),
    ...(isObject(input.evidence) ? { evidence: input.evidence as unknown as Evidence } : {}),
    text,
    image: readImage(input.image, report),
    entities: limitDepth(
      readAll(input.entities, "entities", report, (entity, index) => readEntity(entity, index, text, report)),
      report,
    ),
    queries: readAll(input.queries, "queries", report, (query, index) => readQuery(query, index, report)),
    backend: (["webgpu", "webgl", "wasm", "cpu"] as const).find((name) => name === input.backend) ?? "cpu",
    model: { name: String(model.name ?? ""), version: String(model.version ?? "") },
    timings: Object.fromEntries(
      stages.map((stage) => [stage, isNumber(timings[stage]) ? timings[stage] : 0]),
    ) as Record<keyof Timings, number>,
    notices: readAll(input.notices, "notices", report, (notice) =>
      isObject(notice) ? { code: String(notice.code), message: String(notice.message).slice(0, 1000) } : null,
    ),
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
    problems.push("reading failed");
  }
  if (problems.length === 0) return { result, error: null };
  const more = problems.length > 3 ? `; and ${problems.length - 3} more` : "";
  const message = `These results cannot be drawn in full: ${problems.slice(0, 3).join("; ")}${more}. Hand in what analyze() or toJSON() gave.`;
  return { result, error: new MnerError("results-invalid", message, { cause }) };
}
