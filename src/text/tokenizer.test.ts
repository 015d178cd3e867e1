// Ids and offsets against Hugging Face `tokenizers`, on the committed fixture and over every code point.
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { modelTokenizer, uncased } from "../../test/support/test-tokenizer.js";
import { basicTokens } from "./normaliser.js";

interface Fixture {
  readonly assigned: readonly number[];
  readonly blockSize: number;
  readonly blocks: Readonly<Record<string, string>>;
  readonly examples: readonly {
    readonly text: string;
    readonly ids: readonly number[];
    readonly offsets: readonly number[];
  }[];
}

const fixture = JSON.parse(
  readFileSync(new URL("../../test/fixtures/tokenizer.json", import.meta.url), "utf8"),
) as Fixture;

describe("the tokeniser", () => {
  const tokenizer = modelTokenizer();

  /** As prepareText does it, without links. */
  function encode(text: string): { ids: number[]; offsets: number[] } {
    const ids: number[] = [];
    const offsets: number[] = [];
    for (const token of basicTokens(text, 0, text.length, tokenizer.normaliser)) {
      const pieces = tokenizer.piecesOf(token.text);
      let at = 0;
      pieces.ids.forEach((id, index) => {
        const next = at + pieces.lengths[index]!;
        ids.push(id);
        offsets.push(token.starts[at]!, token.ends[next - 1]!);
        at = next;
      });
    }
    return { ids, offsets };
  }

  it("has a fixture worth the name", () => {
    expect(fixture.examples.length).toBeGreaterThanOrEqual(500);
  });

  it("gives the ids and offsets of the reference for every string", () => {
    const wrong = fixture.examples.filter(({ text, ids, offsets }) => {
      const ours = encode(text);
      return ours.ids.join() !== ids.join() || ours.offsets.join() !== offsets.join();
    });
    expect(wrong.map(({ text, ids, offsets }) => ({ text, ids, offsets, ours: encode(text) }))).toEqual([]);
  });

  it("normalises every assigned code point as the reference does", () => {
    const digests: Record<string, ReturnType<typeof createHash>> = {};
    let point = 0;
    fixture.assigned.forEach((length, index) => {
      const end = point + length;
      if (index % 2 === 0) point = end;
      for (; point < end; point++) {
        const text = `x${String.fromCodePoint(point)}y`;
        const tokens = basicTokens(text, 0, text.length, uncased).map((token) => token.text);
        const block = Math.floor(point / fixture.blockSize).toString(16);
        digests[block] ??= createHash("sha256");
        digests[block].update(`${tokens.join(" ")}\n`);
      }
    });
    const blocks = Object.fromEntries(
      Object.entries(digests).map(([block, digest]) => [block, digest.digest("hex").slice(0, 16)]),
    );
    expect(blocks).toEqual(fixture.blocks);
  });
});
