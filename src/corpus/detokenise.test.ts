// Holds the joining rule to training/data/detokenise.py through a committed fixture, and its promises for any tokens at all.
import { readFileSync } from "node:fs";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { joinTokens, spanToTokens, tokensToSpan } from "./detokenise.js";

interface FixtureCase {
  tokens: string[];
  text: string;
  offsets: [number, number][];
  spans: { start: number; end: number; tokens: [number, number] | null }[];
}

const fixture: FixtureCase[] = JSON.parse(
  readFileSync(new URL("../../test/fixtures/detokenise.json", import.meta.url), "utf8"),
);

/** Where each code point begins in UTF-16, and one more for the end. */
function utf16Positions(text: string): number[] {
  const positions = [0];
  for (const character of text) positions.push(positions.at(-1)! + character.length);
  return positions;
}

describe("joining tokens", () => {
  it("gives what the Python rule gives", () => {
    for (const { tokens, text, offsets, spans } of fixture) {
      const at = utf16Positions(text);
      const joined = joinTokens(tokens);
      expect(joined.text).toBe(text);
      expect(joined.offsets).toEqual(offsets.map(([start, end]) => ({ start: at[start], end: at[end] })));
      for (const span of spans) {
        const expected = span.tokens === null ? null : { first: span.tokens[0], last: span.tokens[1] };
        expect(spanToTokens(tokens, joined.offsets, at[span.start]!, at[span.end]!)).toEqual(expected);
      }
    }
  });

  it("writes what a person would have written", () => {
    expect(joinTokens("It ' s # NBA night . Go @ USA !!!".split(" ")).text).toBe("It's #NBA night. Go @USA!!!");
    expect(joinTokens("RT @JayK _ : see https : //t . co/a now".split(" ")).text).toBe(
      "RT @JayK_: see https://t.co/a now",
    );
  });

  it("finds every token again at its offsets, with at most one space between", () => {
    const token = fc.oneof(
      fc.constantFrom("'", "s", "#", "@", "NBA", "_", ".", "(", '"', "http", ":", "//t", "🇸", "5", "th"),
      fc.string({ unit: "grapheme", minLength: 1 }).map((text) => text.replace(/\s/gu, "x")),
    );
    fc.assert(
      fc.property(fc.array(token), (tokens) => {
        const { text, offsets } = joinTokens(tokens);
        let end = 0;
        for (const [index, offset] of offsets.entries()) {
          expect(text.slice(offset.start, offset.end)).toBe(tokens[index]);
          expect(["", " "]).toContain(text.slice(end, offset.start));
          end = offset.end;
        }
        expect(end).toBe(text.length);
      }),
    );
  });

  it("maps any run of plain words to its span and back", () => {
    fc.assert(
      fc.property(
        fc.array(fc.constantFrom("Ada", "in", "London", ",", "2"), { minLength: 1 }),
        fc.nat(),
        fc.nat(),
        (tokens, a, b) => {
          const first = Math.min(a % tokens.length, b % tokens.length);
          const last = Math.max(a % tokens.length, b % tokens.length);
          const { offsets } = joinTokens(tokens);
          const span = tokensToSpan(offsets, { first, last });
          expect(spanToTokens(tokens, offsets, span.start, span.end)).toEqual({ first, last });
        },
      ),
    );
  });

  it("leaves signs and clitics out of a span that has more", () => {
    const tokens = "# LeBron ' ll , @".split(" ");
    const { offsets } = joinTokens(tokens);
    expect(spanToTokens(tokens, offsets, 0, 10)).toEqual({ first: 1, last: 1 });
    expect(spanToTokens(tokens, offsets, 0, 1)).toEqual({ first: 0, last: 0 });
    expect(spanToTokens(tokens, offsets, 3, 3)).toBeNull();
  });
});
