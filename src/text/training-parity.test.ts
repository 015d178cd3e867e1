// The network was trained on what Python cuts; it must be asked about the same. Against the committed fixture of training.
import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { modelTokenizer } from "../../test/support/test-tokenizer.js";
import { type PreparedText, prepareText } from "./prepare.js";
import { findWords } from "./words.js";

type PieceRow = readonly [id: number, start: number, end: number, shape: number, word: number];
interface Example {
  readonly text: string;
  readonly pieces: readonly PieceRow[];
  readonly words: readonly (readonly [start: number, end: number])[];
}

const examples = (
  JSON.parse(readFileSync(new URL("../../test/fixtures/encode.json", import.meta.url), "utf8")) as Example[]
).filter((example) => example.pieces.length > 0);

const rows = (prepared: PreparedText): PieceRow[] =>
  prepared.pieces.map(({ id, start, end, shape, word }) => [id, start, end, shape, word]);

describe("against training", () => {
  it("makes the same pieces with the same offsets and shapes, for every text", () => {
    const withoutWord = (row: PieceRow): readonly number[] => row.slice(0, 4);
    for (const { text, pieces } of examples) {
      const ours = rows(prepareText(modelTokenizer(), text)).map(withoutWord);
      expect(ours, JSON.stringify(text)).toEqual(pieces.map(withoutWord));
    }
  });

  it("cuts the same words, and puts each piece in the same one", () => {
    expect(examples.length).toBeGreaterThanOrEqual(400);
    for (const { text, pieces, words } of examples) {
      const ours = findWords(text).map(({ start, end }) => [start, end]);
      expect(ours, JSON.stringify(text)).toEqual(words);
      expect(rows(prepareText(modelTokenizer(), text)), JSON.stringify(text)).toEqual(pieces);
    }
  });
});
