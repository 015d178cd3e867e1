import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { arbitraryText } from "../../test/support/arbitrary-text.js";
import { findLinks, findWords } from "./words.js";

const words = (text: string): string[] => findWords(text).map(({ start, end }) => text.slice(start, end));

describe("findWords", () => {
  it.each<[text: string, words: string[]]>([
    ["Eileen Collins joined @NASA in 1990.", ["Eileen", "Collins", "joined", "@NASA", "in", "1990", "."]],
    ["AT&T, U.S.A. and rock'n'roll", ["AT&T", ",", "U.S.A", ".", "and", "rock'n'roll"]],
    ["Obama's dog, James’s cat, NASA'S", ["Obama", "'s", "dog", ",", "James", "’s", "cat", ",", "NASA", "'S"]],
    ["Saint-Étienne-du-Grès", ["Saint-Étienne-du-Grès"]],
    ["#TBT @_x_ ## @ #", ["#TBT", "@_x_", "#", "#", "@", "#"]],
    ["see http://t.co/aB#c, (WWW.x.org)", ["see", "http://t.co/aB#c,", "(", "WWW.x.org)"]],
    ["https:// www. http://", ["https", ":", "/", "/", "www", ".", "http", ":", "/", "/"]],
    ["東京タワーへ、行く。", ["東京タワーへ", "、", "行く", "。"]],
    ["नई दिल्ली", ["नई", "दिल्ली"]],
    ["ශ්‍රී ලංකා", ["ශ්‍රී", "ලංකා"]],
  ])("cuts %j", (text, expected) => {
    expect(words(text)).toEqual(expected);
  });

  it.each<[text: string, words: string[]]>([
    ["❤️Anna❤️", ["❤️", "Anna", "❤️"]],
    ["👩‍👩‍👧‍👦👍🏽👍", ["👩‍👩‍👧‍👦", "👍🏽", "👍"]],
    ["🇫🇷🇩🇪🇯", ["🇫🇷", "🇩🇪", "🇯"]],
    ["1️⃣#️⃣", ["1️⃣", "#️⃣"]],
    ["👩\u200dAnna", ["👩\u200d", "Anna"]],
    ["a \u0301 b", ["a", " \u0301", "b"]],
    ["\ud83dAnna\ude00", ["\ud83d", "Anna", "\ude00"]],
    ["\u060012", ["\u060012"]],
  ])("keeps what is one character whole in %j", (text, expected) => {
    expect(words(text)).toEqual(expected);
  });

  it("covers every character that is not a space, once and in order", () => {
    fc.assert(
      fc.property(arbitraryText, (text) => {
        let last = 0;
        const inOrder = findWords(text).every(({ start, end }) => {
          const good = start >= last && end > start && /^\p{White_Space}*$/u.test(text.slice(last, start));
          last = end;
          return good;
        });
        return inOrder && /^\p{White_Space}*$/u.test(text.slice(last));
      }),
      { numRuns: 2000 },
    );
  });

  it("never cuts a grapheme, as the platform's own segmenter sees them", () => {
    const segmenter = new Intl.Segmenter(undefined, { granularity: "grapheme" });
    // Not ours: a skin tone between a virama and the letter that it joins, which no text has.
    const sensible = arbitraryText.filter((text) => !/\p{M}\p{Emoji_Modifier}+\p{M}*\p{L}/u.test(text));
    fc.assert(
      fc.property(sensible, (text) => {
        const boundaries = new Set([text.length]);
        for (const { index } of segmenter.segment(text)) boundaries.add(index);
        return findWords(text).every(({ start, end }) => boundaries.has(start) && boundaries.has(end));
      }),
      { numRuns: 5000 },
    );
  });

  it("keeps links whole", () => {
    fc.assert(
      fc.property(arbitraryText, (text) => {
        const found = findWords(text);
        return findLinks(text).every((link) => found.some(({ start, end }) => start <= link.start && link.end <= end));
      }),
    );
  });
});
