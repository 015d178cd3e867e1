// Reads and checks manifest.json, the one file of a model folder that everything else is measured against.
// Nothing of it is used before all of it is found sound.

import {
  asInteger,
  asList,
  asMatch,
  asRecord,
  asText,
  copyJson,
  describe,
  field,
  invalid,
  type JsonRecord,
} from "../core/json.js";
import { MnerError } from "../core/mner-error.js";
import type { Query } from "../core/results.js";
import { FORMAT_VERSION, MANIFEST_LIMITS } from "./limits.js";
import { readTensors } from "./manifest-tensors.js";
import type { BaseFolder, FileEntry, FreeForm, ModelManifest, SelfTest } from "./manifest-types.js";

/** The name every model folder's first file has. */
export const MANIFEST_FILE = "manifest.json";

const FORMAT = "mner-qg-model";
/** The system of manifests that do not say it. */
const FIRST_SYSTEM = "mner-qg";
/** Plain segments only: no `..`, no leading dot or slash, no backslash, scheme, query or percent sign can pass. */
const SAFE_PATH = /^[A-Za-z0-9_-][A-Za-z0-9._-]*(?:\/[A-Za-z0-9_-][A-Za-z0-9._-]*)*$/;
/** Up from this folder, then plain segments: a base lies on the same site, beside or above its add-ons. */
const SAFE_BASE = /^(?:\.\.\/){1,4}(?:[A-Za-z0-9_-][A-Za-z0-9._-]*\/)+$/;
/** Names become cache keys and file names, so they are kept plain. */
const SAFE_NAME = /^[A-Za-z0-9][A-Za-z0-9._+-]*$/;
const SHA256 = /^[0-9a-f]{64}$/;
const DATE = /^\d{4}-\d{2}-\d{2}(?:T\d{2}:\d{2}(?::\d{2}(?:\.\d+)?)?(?:Z|[+-]\d{2}:?\d{2})?)?$/;

/** Reads the bytes of a manifest.json. */
export function parseManifest(bytes: Uint8Array): ModelManifest {
  if (bytes.length > MANIFEST_LIMITS.manifestBytes) {
    throw invalid("the file", `is larger than ${MANIFEST_LIMITS.manifestBytes} bytes`);
  }
  let text: string;
  try {
    text = new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch (error) {
    throw notAModel("manifest.json is not text", error);
  }
  if (/^\s*</.test(text)) throw notAModel("manifest.json is a web page (the server's 404 page, most likely)");
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw new MnerError(
      "model-manifest-invalid",
      "manifest.json is not valid JSON: it was cut off or edited. Copy the model folder again.",
      { cause: error },
    );
  }
  return checkManifest(value);
}

/** Checks a parsed manifest and returns a fresh, typed copy of it. */
export function checkManifest(value: unknown): ModelManifest {
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    throw notAModel(`manifest.json holds ${describe(value)}`);
  }
  const record = value as JsonRecord;
  const format = field(record, "format");
  if (format !== FORMAT) throw notAModel(`manifest.json has the format ${describe(format)} instead of "${FORMAT}"`);
  const version = readVersion(field(record, "formatVersion"));
  const shards = readFiles(field(record, "shards"), "shards", MANIFEST_LIMITS.shards, MANIFEST_LIMITS.shardBytes);
  const base = readBase(field(record, "base"));
  const tokenizer = asRecord(field(record, "tokenizer"), "tokenizer");
  const files = readFiles(
    field(tokenizer, "files"),
    "tokenizer.files",
    MANIFEST_LIMITS.tokenizerFiles,
    MANIFEST_LIMITS.tokenizerFileBytes,
    base === null ? 1 : 0,
  );
  checkPathsDiffer([...files, ...shards]);
  const totalBytes = shards.reduce((sum, shard) => sum + shard.bytes, 0);
  if (totalBytes > MANIFEST_LIMITS.totalBytes) {
    throw invalid("shards", `are ${totalBytes} bytes together, more than the limit of ${MANIFEST_LIMITS.totalBytes}`);
  }
  return {
    format: FORMAT,
    formatVersion: FORMAT_VERSION,
    system:
      version === 1
        ? FIRST_SYSTEM
        : asMatch(field(record, "system"), "system", SAFE_NAME, "letters, digits and . _ + -", 100),
    name: asMatch(field(record, "name"), "name", SAFE_NAME, "letters, digits and . _ + -", 100),
    version: asMatch(field(record, "version"), "version", SAFE_NAME, "letters, digits and . _ + -", 100),
    licence: asText(field(record, "licence"), "licence", 2000),
    created: asMatch(field(record, "created"), "created", DATE, "a date such as 2025-01-31", 40),
    config: freeForm(field(record, "config"), "config"),
    base,
    tokenizer: { files },
    queries: readQueries(field(record, "queries"), "queries"),
    metrics: freeForm(field(record, "metrics") ?? {}, "metrics"),
    calibration: freeForm(field(record, "calibration"), "calibration"),
    selfTest: readSelfTest(field(record, "selfTest")),
    shards,
    tensors: readTensors(field(record, "tensors"), shards),
  };
}

/** Whether a file may be named so in a model folder. */
export function isSafePath(path: string): boolean {
  return path.length <= 200 && SAFE_PATH.test(path) && path.toLowerCase() !== MANIFEST_FILE;
}

/** The error for a folder that is something else altogether. */
export function notAModel(what: string, cause?: unknown): MnerError {
  return new MnerError(
    "model-not-a-model",
    `This is not an mner-qg model folder: ${what}. Check the model's address; it must be the folder with manifest.json in it.`,
    { cause },
  );
}

function readVersion(value: unknown): number {
  const version = asInteger(value, "formatVersion", 1, Number.MAX_SAFE_INTEGER);
  if (version > FORMAT_VERSION) {
    throw new MnerError(
      "model-version-unsupported",
      `The model folder has format version ${version}, and this mner-qg reads up to ${FORMAT_VERSION}. Use a newer mner-qg.`,
    );
  }
  return version;
}

/** Checks a list of questions (label and words). */
export function readQueries(value: unknown, where: string): Query[] {
  return asList(value, where, 1, MANIFEST_LIMITS.queries).map((entry, index) => {
    const record = asRecord(entry, `${where}[${index}]`);
    return {
      label: asText(field(record, "label"), `${where}[${index}].label`, 100),
      query: asText(field(record, "query"), `${where}[${index}].query`, 2000),
    };
  });
}

function readBase(value: unknown): BaseFolder | null {
  if (value === undefined || value === null) return null;
  const record = asRecord(value, "base");
  return {
    path: asMatch(field(record, "path"), "base.path", SAFE_BASE, "a folder such as ../../mner-qg-mini/", 200),
    release: asMatch(field(record, "release"), "base.release", SHA256, "64 lower-case hexadecimal digits", 64),
  };
}

function readFiles(value: unknown, where: string, most: number, mostBytes: number, least = 1): FileEntry[] {
  return asList(value, where, least, most).map((entry, index) => {
    const here = `${where}[${index}]`;
    const record = asRecord(entry, here);
    const path = asText(field(record, "path"), `${here}.path`, 200);
    if (!isSafePath(path)) {
      throw invalid(`${here}.path`, `must be a plain file name inside the folder, but is ${describe(path)}`);
    }
    return {
      path,
      bytes: asInteger(field(record, "bytes"), `${here}.bytes`, 1, mostBytes),
      sha256: asMatch(field(record, "sha256"), `${here}.sha256`, SHA256, "64 lower-case hexadecimal digits", 64),
    };
  });
}

/** Compared without case, since some file systems keep only one of `A.bin` and `a.bin`. */
function checkPathsDiffer(files: readonly FileEntry[]): void {
  const seen = new Set<string>();
  for (const { path } of files) {
    const folded = path.toLowerCase();
    if (seen.has(folded)) throw invalid("the folder", `names the file ${describe(path)} twice`);
    seen.add(folded);
  }
}

function readSelfTest(value: unknown): SelfTest | null {
  if (value === undefined || value === null) return null;
  const record = asRecord(value, "selfTest");
  return {
    input: freeForm(field(record, "input"), "selfTest.input"),
    output: freeForm(field(record, "output"), "selfTest.output"),
  };
}

function freeForm(value: unknown, where: string): FreeForm {
  return copyJson(asRecord(value, where), where) as FreeForm;
}
