// Small checks for JSON that came from elsewhere: each names the place that is wrong and what was found there.
// Written by hand, so that the model folder needs no schema library in the page.
import { MnerError } from "./mner-error.js";

/** Anything JSON can hold. */
export type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json };

/** An object that JSON.parse made (never an array). */
export type JsonRecord = Readonly<Record<string, unknown>>;

/** Names that would reach into prototypes if any later code copied them carelessly. */
const DANGEROUS_KEYS: ReadonlySet<string> = new Set(["__proto__", "constructor", "prototype"]);

/** Deeper nesting than any manifest has; stops a hostile file from exhausting the stack of later code. */
const MAXIMUM_DEPTH = 32;

/** The error for a manifest that is wrong at one place. */
export function invalid(where: string, problem: string): MnerError {
  return new MnerError(
    "model-manifest-invalid",
    `manifest.json: ${where} ${problem}. Convert or export the model again, or ask whoever published it.`,
  );
}

/** A value as it may stand in a message: short, one line, without control characters. */
export function describe(value: unknown): string {
  if (value === undefined) return "missing";
  if (Array.isArray(value)) return `a list of ${value.length}`;
  if (typeof value === "object" && value !== null) return "an object";
  if (typeof value === "string") {
    const shown = value.slice(0, 60).replace(/[\p{Cc}\p{Cf}\p{Cs}]/gu, "?");
    return `"${shown}${value.length > 60 ? "…" : ""}"`;
  }
  return String(value);
}

/** Own properties only: a polluted Object.prototype must not fill in what a manifest lacks. */
export function field(record: JsonRecord, key: string): unknown {
  return Object.hasOwn(record, key) ? record[key] : undefined;
}

/**
 * A copy that is only what it says. On a page that put names on Object.prototype every other object seems to have those, and both
 * the platform and we would read them as options.
 */
export const bare = <const T extends object>(value: T): T => Object.assign(Object.create(null), value);

export function asRecord(value: unknown, where: string): JsonRecord {
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    throw invalid(where, `must be an object, but is ${describe(value)}`);
  }
  return value as JsonRecord;
}

export function asList(value: unknown, where: string, least: number, most: number): readonly unknown[] {
  if (!Array.isArray(value)) throw invalid(where, `must be a list, but is ${describe(value)}`);
  if (value.length < least || value.length > most) {
    throw invalid(
      where,
      `must have ${least === most ? least : `${least} to ${most}`} entries, but has ${value.length}`,
    );
  }
  return value;
}

export function asText(value: unknown, where: string, most = 1000): string {
  if (typeof value !== "string") throw invalid(where, `must be text, but is ${describe(value)}`);
  if (value.length === 0 || value.length > most) {
    throw invalid(where, `must have 1 to ${most} characters, but has ${value.length}`);
  }
  return value;
}

export function asMatch(value: unknown, where: string, pattern: RegExp, form: string, most = 1000): string {
  const text = asText(value, where, most);
  if (!pattern.test(text)) throw invalid(where, `must be ${form}, but is ${describe(text)}`);
  return text;
}

export function asInteger(value: unknown, where: string, least: number, most: number): number {
  if (typeof value !== "number" || !Number.isSafeInteger(value)) {
    throw invalid(where, `must be a whole number, but is ${describe(value)}`);
  }
  if (value < least || value > most) throw invalid(where, `must lie between ${least} and ${most}, but is ${value}`);
  return value;
}

export function asNumber(value: unknown, where: string, least = -Number.MAX_VALUE, most = Number.MAX_VALUE): number {
  if (typeof value !== "number" || !Number.isFinite(value)) {
    throw invalid(where, `must be a finite number, but is ${describe(value)}`);
  }
  if (value < least || value > most) throw invalid(where, `must lie between ${least} and ${most}, but is ${value}`);
  return value;
}

/** Copies free-form JSON into fresh plain objects and refuses keys that reach into prototypes, at any depth. */
export function copyJson(value: unknown, where: string, depth = 0): Json {
  if (depth > MAXIMUM_DEPTH) throw invalid(where, `is nested deeper than ${MAXIMUM_DEPTH} levels`);
  if (value === null || typeof value === "boolean" || typeof value === "string") return value;
  if (typeof value === "number") return asNumber(value, where);
  if (Array.isArray(value)) return value.map((entry, index) => copyJson(entry, `${where}[${index}]`, depth + 1));
  if (typeof value !== "object") throw invalid(where, `must be JSON, but is ${describe(value)}`);
  const copy: Record<string, Json> = {};
  for (const key of Object.keys(value)) {
    if (DANGEROUS_KEYS.has(key)) throw invalid(where, `must not have a key named "${key}"`);
    copy[key] = copyJson((value as JsonRecord)[key], `${where}.${describe(key).slice(1, -1)}`, depth + 1);
  }
  return copy;
}
