// Finds what belongs to a checkpoint: its config, its tokenizer's files and, when training wrote one, its description.
// A checkpoint is a folder with all of these, but for what options name elsewhere.
import { readdirSync, readFileSync, statSync } from "node:fs";
import { basename, join } from "node:path";
import { MnerError } from "../../core/mner-error.js";
import { isSafePath, MANIFEST_LIMITS } from "../../model/index.js";
import { EXPORT_HINT } from "../checkpoint/open-checkpoint.js";

const WEIGHTS_FILE = "model.safetensors";
const CONFIG_FILE = "config.json";
/** Written by training's export: name, version, licence, queries, metrics, calibration. */
const DESCRIPTION_FILE = "description.json";
const TOKENIZER_FILES = ["vocab.txt", "tokenizer.json", "tokenizer_config.json", "special_tokens_map.json"];
const MOST_JSON_BYTES = 4 * 1024 * 1024;

export interface CheckpointFiles {
  readonly weights: string;
  readonly config: unknown;
  readonly description: Readonly<Record<string, unknown>>;
  readonly tokenizer: readonly { readonly path: string; readonly bytes: Uint8Array }[];
}

export interface CheckpointOptions {
  /** A config.json elsewhere. */
  readonly config?: string;
  /** A folder with the tokenizer's files elsewhere. */
  readonly tokenizer?: string;
}

export function findCheckpoint(folder: string, options: CheckpointOptions): CheckpointFiles {
  requireFolder(folder);
  const weights = findWeights(folder);
  const described = readJson(join(folder, DESCRIPTION_FILE), "optional");
  return {
    weights,
    config: readJson(options.config ?? join(folder, CONFIG_FILE), "the network's sizes (give them with --config FILE)"),
    description:
      typeof described === "object" && described !== null && !Array.isArray(described) ? { ...described } : {},
    tokenizer: readTokenizer(options.tokenizer ?? folder),
  };
}

function requireFolder(path: string): void {
  let isFolder: boolean;
  try {
    isFolder = statSync(path).isDirectory();
  } catch (error) {
    throw new MnerError("input-unreadable", `${path} cannot be read. Give a checkpoint's folder.`, { cause: error });
  }
  if (isFolder) return;
  if (basename(path) === WEIGHTS_FILE)
    throw new MnerError("input-invalid", `${path} is a file. Give the folder it lies in.`);
  throw new MnerError("checkpoint-unsupported", `${path} is not a checkpoint's folder. ${EXPORT_HINT}`);
}

function findWeights(folder: string): string {
  const names = readdirSync(folder);
  if (names.includes(WEIGHTS_FILE)) return join(folder, WEIGHTS_FILE);
  if (names.some((name) => /\.(?:pt|pth|bin)$/.test(name)))
    throw new MnerError("checkpoint-unsupported", `${folder} has no ${WEIGHTS_FILE}. ${EXPORT_HINT}`);
  throw new MnerError("input-unreadable", `${folder} has no ${WEIGHTS_FILE}. Give a checkpoint's folder.`);
}

/** `purpose` says what the file is for when it is missing; "optional" makes that no error. */
function readJson(path: string, purpose: string): unknown {
  let text: string;
  try {
    if (statSync(path).size > MOST_JSON_BYTES) {
      throw new MnerError("input-invalid", `${path} is larger than ${MOST_JSON_BYTES} bytes. Is it the right file?`);
    }
    text = readFileSync(path, "utf8");
  } catch (error) {
    if (error instanceof MnerError) throw error;
    if (purpose === "optional") return {};
    throw new MnerError("input-unreadable", `${path} cannot be read. It must hold ${purpose}.`, { cause: error });
  }
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new MnerError("input-invalid", `${path} is not valid JSON. Mend it, or export the checkpoint again.`, {
      cause: error,
    });
  }
}

function readTokenizer(folder: string): { path: string; bytes: Uint8Array }[] {
  const names = new Set(readdirSync(folder));
  const files = TOKENIZER_FILES.filter((name) => names.has(name)).map((name) => ({
    path: name,
    bytes: new Uint8Array(readFileSync(join(folder, name))),
  }));
  if (!files.some(({ path }) => path === "vocab.txt" || path === "tokenizer.json")) {
    throw new MnerError(
      "input-unreadable",
      `${folder} has no tokenizer (vocab.txt or tokenizer.json). Copy it there, or give its folder with --tokenizer DIR.`,
    );
  }
  const large = files.find(({ bytes }) => bytes.length > MANIFEST_LIMITS.tokenizerFileBytes);
  if (large !== undefined) throw new MnerError("input-invalid", `${large.path} is too large to be a tokenizer's file.`);
  return files;
}

/** A model's name when none is given: that of the folder, as far as it may stand in a manifest. */
export function defaultName(path: string): string {
  const name = basename(path)
    .replace(/[^A-Za-z0-9._+-]+/g, "-")
    .replace(/^[^A-Za-z0-9]+/, "");
  return isSafePath(name) ? name : "model";
}
