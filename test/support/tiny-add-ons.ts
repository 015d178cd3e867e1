// A tiny model and an add-on of every system over it, as folders that name each other by hash: heads over a tagger that is
// itself low-rank deltas on the model's encoder. Real files and real hashes, out of the golden networks.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { type BaseFolder, type NamedTensor, sha256, writeModel } from "../../src/model/index.js";
import { FIXTURES, readSafetensors } from "./golden.js";
import { PHOTO_SYSTEMS } from "./system-parity.js";
import { makeTinyModel, TINY_QUERIES, writeFolder } from "./tiny-model.js";

export const ADD_ONS = ["bert-crf", ...PHOTO_SYSTEMS] as const;

type Files = Map<string, Uint8Array>;

const DELTA = "text_encoder.layers.0.attention.query";
/** What the model below has already. */
const OF_BASE = /^(?:text_encoder|image_encoder)\./;
const OF_TAGGER = /^(?:tagger|crf)\./;

const numbers = (count: number, scale: number): Float32Array =>
  Float32Array.from({ length: count }, (_, at) => Math.sin(1 + at * 1.7) * scale);

/** Rank 2 on one matrix: enough to tell an encoder with it from one without. */
function deltas(width: number): NamedTensor[] {
  return [
    { name: `${DELTA}.low_rank.down`, shape: [2, width], values: numbers(2 * width, 0.5) },
    { name: `${DELTA}.low_rank.up`, shape: [width, 2], values: numbers(2 * width, 0.5) },
  ];
}

async function addOn(system: string, text: object, base: BaseFolder, version: string): Promise<Files> {
  const folder = `${FIXTURES}golden-tiny-${system}/`;
  const config = { ...JSON.parse(readFileSync(`${folder}config.json`, "utf8")), text, queries: TINY_QUERIES };
  const own = [...readSafetensors(`${folder}model.safetensors`)].filter(
    ([name]) =>
      !OF_BASE.test(name) && !name.startsWith("head.untyped_crf.") && OF_TAGGER.test(name) === (system === "bert-crf"),
  );
  const tensors = own.map(([name, { shape, values }]) => ({ name, shape, values: values as Float32Array }));
  const files: Files = new Map();
  await writeModel({
    description: {
      system,
      name: `tiny-${system}`,
      version,
      licence: "MIT",
      created: "2025-01-31",
      config,
      base,
      queries: TINY_QUERIES,
      calibration: { spanThreshold: 0, span: { a: 1, b: 0 }, none: { a: 1, b: 0 } },
    },
    tensors: system === "bert-crf" ? [...tensors, ...deltas((text as { width: number }).width)] : tensors,
    tokenizerFiles: [],
    bits: 8,
    shardBytes: 64 * 1024,
    writeFile: (path, bytes) => void files.set(path, bytes),
  });
  return files;
}

const releaseOf = (files: Files): Promise<string> => sha256(files.get("manifest.json")!);

/** Folders by their path below `models/`. */
export async function makeTinyAddOns(version = "1.0.0"): Promise<Map<string, Files>> {
  const model = await makeTinyModel({ golden: "golden-tiny-nanodet", version });
  const { text } = JSON.parse(new TextDecoder().decode(model.get("manifest.json")!)).config;
  const folders = new Map([["mner-qg-mini", model]]);
  const tagger = await addOn(
    "bert-crf",
    text,
    { path: "../../mner-qg-mini/", release: await releaseOf(model) },
    version,
  );
  folders.set("systems/bert-crf", tagger);
  const base = { path: "../bert-crf/", release: await releaseOf(tagger) };
  for (const system of PHOTO_SYSTEMS) folders.set(`systems/${system}`, await addOn(system, text, base, version));
  return folders;
}

export async function writeTinyAddOns(models: string, version?: string): Promise<void> {
  for (const [path, files] of await makeTinyAddOns(version)) await writeFolder(join(models, path), files);
}
