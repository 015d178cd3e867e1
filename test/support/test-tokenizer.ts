// For tests only: the shipped model's own tokeniser, read from its folder.
import { readFileSync } from "node:fs";
import type { NormaliserOptions } from "../../src/text/normaliser.js";
import { createTokenizer, type Tokenizer } from "../../src/text/tokenizer.js";

const folder = new URL("../../public/models/mner-qg-mini/", import.meta.url);

export const uncased: NormaliserOptions = { lowerCase: true, stripAccents: true, splitIdeographs: true };

export function modelFile(name: string): string {
  return readFileSync(new URL(name, folder), "utf8");
}

let tokenizer: Tokenizer | undefined;

export function modelTokenizer(): Tokenizer {
  tokenizer ??= createTokenizer({
    "vocab.txt": modelFile("vocab.txt"),
    "tokenizer_config.json": modelFile("tokenizer_config.json"),
  });
  return tokenizer;
}
