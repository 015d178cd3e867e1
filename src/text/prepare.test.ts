import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { arbitraryText } from "../../test/support/arbitrary-text.js";
import { modelFile, modelTokenizer } from "../../test/support/test-tokenizer.js";
import { isMnerError } from "../core/mner-error.js";
import { basicTokens } from "./normaliser.js";
import { type PreparedText, prepareText } from "./prepare.js";
import { findLinks } from "./words.js";

const tokenizer = modelTokenizer();
const pieces = (text: string): [text: string, shape: number, word: string][] => {
  const prepared = prepareText(tokenizer, text);
  return prepared.pieces.map(({ start, end, shape, word }) => {
    const { start: from, end: to } = prepared.words[word]!;
    return [text.slice(start, end), shape, text.slice(from, to)];
  });
};

/** Null when the text has nothing to read. */
function prepareOrNull(text: string): PreparedText | null {
  try {
    return prepareText(tokenizer, text);
  } catch (error) {
    if (isMnerError(error) && error.code === "text-empty") return null;
    throw error;
  }
}

describe("prepareText", () => {
  it("gives each piece its place, its shape and its word", () => {
    expect(pieces("So McDonald's in İZMİR")).toEqual([
      ["So", 2, "So"],
      ["McDonald", 4, "McDonald"],
      ["'", 0, "'s"],
      ["s", 1, "'s"],
      ["in", 1, "in"],
      ["İ", 3, "İZMİR"],
      ["Z", 3, "İZMİR"],
      ["MİR", 3, "İZMİR"],
    ]);
  });

  it("folds a link into one piece", () => {
    const text = "RT https://t.co/aB3dE5 wow";
    expect(pieces(text)[1]).toEqual(["https://t.co/aB3dE5", 0, "https://t.co/aB3dE5"]);
    expect(prepareText(tokenizer, text).pieces[1]!.id).toBe(8299);
    expect(prepareText(tokenizer, text).pieces).toHaveLength(3);
  });

  it("covers an unknown word with its one piece", () => {
    expect(pieces("ꭰꭱꭲ 😀😀 ok")).toEqual([
      ["ꭰꭱꭲ", 1, "ꭰꭱꭲ"],
      ["😀😀", 0, "😀"],
      ["ok", 1, "ok"],
    ]);
    const long = "X".repeat(101);
    expect(pieces(long)).toEqual([[long, 3, long]]);
  });

  it("reads special pieces in a text as text", () => {
    const { special } = tokenizer;
    const ids = prepareText(tokenizer, "[SEP] [CLS] [PAD]").pieces.map((piece) => piece.id);
    expect(ids.filter((id) => [special.separator, special.classification, special.padding].includes(id))).toEqual([]);
  });

  it.each(["", " ", "\n\t\u3000", "\u200b", "\ud83d", "\ufe0f", "\u0000"])(
    "refuses %j: there is nothing to read",
    (text) => {
      expect(() => prepareText(tokenizer, text)).toThrow(expect.objectContaining({ code: "text-empty" }));
    },
  );

  it("keeps pieces in order, inside the text and begun inside their word, for any text", () => {
    fc.assert(
      fc.property(arbitraryText, (text) => {
        const prepared = prepareOrNull(text);
        if (prepared === null) return true;
        let last = { start: 0, end: 0, word: 0 };
        return prepared.pieces.every((piece) => {
          const word = prepared.words[piece.word]!;
          const inOrder = piece.start >= last.start && piece.end >= last.end && piece.word >= last.word;
          const inside = word.start <= piece.start && piece.start < word.end && piece.end <= text.length;
          const cutsNoPair = !splitsPair(text, piece.start) && !splitsPair(text, piece.end);
          last = piece;
          return prepared.text === text && piece.start < piece.end && inOrder && inside && cutsNoPair;
        });
      }),
      { numRuns: 3000 },
    );
  });

  it("cuts out of the original what each piece says, for any text", () => {
    const vocabulary = modelFile("vocab.txt").split("\n");
    fc.assert(
      fc.property(arbitraryText, (text) => {
        const links = new Set(findLinks(text).map(({ start }) => start));
        return (prepareOrNull(text)?.pieces ?? []).every(({ id, start, end }) => {
          if (id === tokenizer.special.unknown || links.has(start)) return true;
          const cut = basicTokens(text, start, end, tokenizer.normaliser).map((token) => token.text);
          // One character of the original may stand behind several pieces (a Hangul syllable), hence not always equal.
          return cut.join("").includes(vocabulary[id]!.replace(/^##/, ""));
        });
      }),
      { numRuns: 3000 },
    );
  });
});

function splitsPair(text: string, offset: number): boolean {
  return /^[\ud800-\udbff][\udc00-\udfff]$/.test(text.slice(offset - 1, offset + 1)) && offset > 0;
}
