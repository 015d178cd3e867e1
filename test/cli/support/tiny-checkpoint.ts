// A checkpoint small enough for tests: the committed tiny network with a vocabulary, and with heads that find something in
// every text, since random ones would find nothing at all.
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";

const fixtures = new URL("../../fixtures/", import.meta.url);

export type TinyKind = "tiny-mini" | "tiny-base";

/** Words that tests use; whatever else they write is unknown to the tokenizer, which is fine. */
const WORDS = [
  "http",
  "ada",
  "london",
  "nasa",
  "grammys",
  "meets",
  "in",
  "the",
  "and",
  "sings",
  "at",
  ".",
  ",",
  "!",
  "@",
  "#",
  "'",
  "s",
];
const VOCABULARY = 1000;

export function vocabulary(): string {
  const special = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", ...WORDS];
  const rest = Array.from({ length: VOCABULARY - special.length }, (_, index) => `word${index}`);
  return `${[...special, ...rest].join("\n")}\n`;
}

interface TensorPlace {
  readonly dtype: string;
  readonly shape: readonly number[];
  readonly data_offsets: readonly [number, number];
}

/** Overwrites a float32 tensor of a safetensors file in place. */
function fill(file: Uint8Array, name: string, values: readonly number[]): void {
  const view = new DataView(file.buffer, file.byteOffset, file.length);
  const headerBytes = Number(view.getBigUint64(0, true));
  const header = JSON.parse(new TextDecoder().decode(file.subarray(8, 8 + headerBytes))) as Record<string, TensorPlace>;
  const start = 8 + headerBytes + header[name]!.data_offsets[0];
  for (const [index, value] of values.entries()) view.setFloat32(start + 4 * index, value, true);
}

/** Writes the folder; `changes` overwrites tensors by name. */
export function writeTinyCheckpoint(
  folder: string,
  kind: TinyKind,
  changes: Readonly<Record<string, readonly number[]>> = {},
): void {
  const source = new URL(`golden-${kind}/`, fixtures);
  const weights = new Uint8Array(readFileSync(new URL("model.safetensors", source)));
  for (const [name, values] of Object.entries(changes)) fill(weights, name, values);
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, "model.safetensors"), weights);
  writeFileSync(join(folder, "config.json"), readFileSync(new URL("config.json", source)));
  writeFileSync(join(folder, "vocab.txt"), vocabulary());
}

/** Starts, ends and existence so likely that names are found everywhere. */
export const EAGER_HEADS = { "span_head.bias": [4, 4], "existence_head.bias": [4] } as const;
