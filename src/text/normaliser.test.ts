import { expect, it } from "vitest";
import { uncased } from "../../test/support/test-tokenizer.js";
import { type BasicToken, basicTokens, type NormaliserOptions } from "./normaliser.js";

const tokens = (text: string, options: NormaliserOptions = uncased): BasicToken[] =>
  basicTokens(text, 0, text.length, options);

it("knows where every character came from", () => {
  expect(tokens("Ünïted\u200b!")).toEqual([
    { text: "united", starts: [0, 1, 2, 3, 4, 5], ends: [1, 2, 3, 4, 5, 6] },
    { text: "!", starts: [7], ends: [8] },
  ]);
  expect(tokens("e\u0301a")).toEqual([{ text: "ea", starts: [0, 2], ends: [1, 3] }]);
  expect(tokens("각")).toEqual([{ text: "\u1100\u1161\u11a8", starts: [0, 0, 0], ends: [1, 1, 1] }]);
  expect(tokens("a\ud83d\u0000b")).toEqual([{ text: "ab", starts: [0, 3], ends: [1, 4] }]);
  expect(tokens("𝐁𠀀")).toEqual([
    { text: "𝐁", starts: [0], ends: [2] },
    { text: "𠀀", starts: [2], ends: [4] },
  ]);
});

it("reads only its stretch", () => {
  expect(basicTokens("ab cd ef", 1, 4, uncased).map((token) => token.text)).toEqual(["b", "c"]);
});

it("follows a cased vocabulary", () => {
  const cased: NormaliserOptions = { lowerCase: false, stripAccents: false, splitIdeographs: false };
  expect(tokens("É東京 e\u0301", cased).map((token) => token.text)).toEqual(["É東京", "e\u0301"]);
  const texts = tokens("É 東京", { lowerCase: true, stripAccents: false, splitIdeographs: true }).map(
    (token) => token.text,
  );
  expect(texts).toEqual(["é", "東", "京"]);
  expect(tokens("Éa", { ...cased, stripAccents: true }).map((token) => token.text)).toEqual(["Ea"]);
});
