// A whole model folder around the tiny golden network: real files, real hashes, a vocabulary of letters, in a second.
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { openCpu } from "../../src/engine/backends/cpu.js";
import { makeSelfTest } from "../../src/engine/self-test.js";
import { openWeights, parseManifest, type SelfTest, type WeightBits, writeModel } from "../../src/model/index.js";
import { openSystem } from "../../src/systems/index.js";
import { buildNetwork } from "../../src/systems/network.js";
import { readGolden } from "./golden.js";

export interface TinyModelOptions {
  readonly golden?: "golden-tiny-mini" | "golden-tiny-base" | "golden-tiny-nanodet";
  readonly bits?: WeightBits;
  readonly selfTest?: SelfTest | null;
  readonly version?: string;
  readonly shardBytes?: number;
}

/** In words of the vocabulary below: spelled out, real queries would leave the text no room. */
export const TINY_QUERIES = [
  { label: "PER", query: "person names" },
  { label: "LOC", query: "location" },
  { label: "ORG", query: "names of the new" },
  { label: "OTHER", query: "names" },
] as const;

/** Special pieces, single characters, a few words; the rest is unused. Every text in plain letters can be spelled. */
function tinyVocabulary(size: number): string {
  const letters = [..."abcdefghijklmnopqrstuvwxyz0123456789"];
  const words = ["the", "in", "of", "and", "http", "new", "york", "john", "paris", "person", "location", "names"];
  const pieces = [
    ...["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"],
    ...letters,
    ...letters.map((letter) => `##${letter}`),
    ...[..."!\"#$%&'()*+,-./:;<=>?@[]^_`{|}~"],
    ...words,
  ];
  while (pieces.length < size) pieces.push(`[unused${pieces.length}]`);
  return `${pieces.join("\n")}\n`;
}

/** All files of the folder by name. */
export async function makeTinyModel(options: TinyModelOptions = {}): Promise<Map<string, Uint8Array>> {
  const golden = readGolden(options.golden ?? "golden-tiny-mini");
  const config = {
    ...golden.json,
    queries: TINY_QUERIES,
    // Random weights find nothing sure; the tests want to see something.
    decode: { startThreshold: 0.01, endThreshold: 0.01 },
  };
  const files = new Map<string, Uint8Array>();
  const encode = (text: string): Uint8Array => new TextEncoder().encode(text);
  await writeModel({
    description: {
      system: "mner-qg",
      name: "tiny",
      version: options.version ?? "1.0.0",
      licence: "MIT",
      created: "2025-01-31",
      config,
      queries: TINY_QUERIES,
      calibration: { spanThreshold: 0, span: { a: 1, b: 0 }, none: { a: 1, b: 0 } },
      selfTest: options.selfTest ?? null,
    },
    tensors: [...golden.weights].map(([name, { shape, values }]) => ({ name, shape, values })),
    tokenizerFiles: [
      { path: "vocab.txt", bytes: encode(tinyVocabulary(golden.config.text.vocabulary)) },
      { path: "tokenizer_config.json", bytes: encode('{"do_lower_case": true}') },
    ],
    bits: options.bits ?? 8,
    shardBytes: options.shardBytes ?? 64 * 1024,
    writeFile: (path, bytes) => void files.set(path, bytes),
  });
  return files;
}

/** The self-test of the tiny network with the weights that the folder will have, as the cpu backend computes it. */
export async function tinySelfTest(options: TinyModelOptions = {}): Promise<SelfTest> {
  const files = await makeTinyModel(options);
  const manifest = parseManifest(files.get("manifest.json")!);
  const shards = manifest.shards.map(({ path }) => files.get(path)!);
  const cpu = await openCpu();
  const { system, config } = await openSystem(manifest);
  const network = await buildNetwork(system, config, openWeights(manifest.shards, shards, manifest.tensors));
  try {
    return await makeSelfTest(network);
  } finally {
    network.dispose();
    cpu.close();
  }
}

export async function writeFolder(folder: string, files: ReadonlyMap<string, Uint8Array>): Promise<void> {
  await mkdir(folder, { recursive: true });
  for (const [name, bytes] of files) await writeFile(join(folder, name), bytes);
}
