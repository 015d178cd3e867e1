import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { arbitraryText } from "../../test/support/arbitrary-text.js";
import { modelTokenizer } from "../../test/support/test-tokenizer.js";
import type { Query } from "../core/results.js";
import { mergeWindows } from "../systems/mner-qg/decode-spans.js";
import { prepareText } from "./prepare.js";
import { buildSequences } from "./sequences.js";

const tokenizer = modelTokenizer();
const queries: readonly Query[] = [
  { label: "PER", query: "a person" },
  { label: "ORG", query: "a company or a sports team" },
];
const cls = 101;
const sep = 102;

describe("buildSequences", () => {
  it("lays out query and sentence", () => {
    const prepared = prepareText(tokenizer, "NASA joined");
    const rows = buildSequences(tokenizer, prepared, queries, { maxPieces: 32, multipleOf: 4 });
    expect(rows).toMatchObject({ rows: 2, length: 12, queryCount: 2, windows: [{ firstPiece: 0, endPiece: 2 }] });
    expect([...rows.lengths]).toEqual([7, 11]);
    expect([...rows.sentenceColumns]).toEqual([4, 8]);
    const [nasa, joined] = prepared.pieces.map((piece) => piece.id);
    expect([...rows.ids.slice(0, 12)]).toEqual([cls, 1037, 2711, sep, nasa, joined, sep, 0, 0, 0, 0, 0]);
    expect([...rows.segments.slice(0, 12)]).toEqual([0, 0, 0, 0, 1, 1, 1, 0, 0, 0, 0, 0]);
    expect([...rows.shapes.slice(0, 12)]).toEqual([0, 0, 0, 0, 3, 1, 0, 0, 0, 0, 0, 0]);
    expect([...rows.ids.slice(19, 23)]).toEqual([sep, nasa, joined, sep]);
  });

  it("puts one window's queries together", () => {
    const prepared = prepareText(tokenizer, "one two three four five six seven eight nine ten ".repeat(3));
    const rows = buildSequences(tokenizer, prepared, queries, { maxPieces: 24 });
    expect(rows.windows.length).toBeGreaterThan(1);
    expect(rows.rows).toBe(rows.windows.length * 2);
    rows.windows.forEach(({ firstPiece }, window) => {
      queries.forEach((_, query) => {
        const begin = (window * 2 + query) * rows.length;
        expect(rows.ids[begin + rows.sentenceColumns[query]!]).toBe(prepared.pieces[firstPiece]!.id);
        expect(rows.ids[begin + rows.lengths[window * 2 + query]! - 1]).toBe(sep);
      });
    });
  });

  it("refuses no query, and a query that leaves the text too little room", () => {
    const prepared = prepareText(tokenizer, "NASA");
    const refusal = expect.objectContaining({ code: "query-invalid" });
    expect(() => buildSequences(tokenizer, prepared, [], { maxPieces: 32 })).toThrow(refusal);
    const long = (words: number): Query[] => [{ label: "LONG", query: "team ".repeat(words) }];
    expect(() => buildSequences(tokenizer, prepared, long(16), { maxPieces: 32 })).not.toThrow();
    expect(() => buildSequences(tokenizer, prepared, long(17), { maxPieces: 32 })).toThrow(refusal);
    expect(() => buildSequences(tokenizer, prepared, long(17), { maxPieces: 32 })).toThrow(/LONG.*17 pieces/);
  });

  it("reads ten thousand emoji to the last", () => {
    const prepared = prepareText(tokenizer, "😀 ".repeat(10_000));
    const rows = buildSequences(tokenizer, prepared, queries, { maxPieces: 128 });
    expect(prepared.pieces).toHaveLength(10_000);
    expect(rows.windows.at(-1)!.endPiece).toBe(10_000);
    expect(prepareText(tokenizer, "😀".repeat(10_000)).words).toHaveLength(10_000);
  });

  it("brings every piece back to its place, whatever the text and its windows", () => {
    fc.assert(
      fc.property(arbitraryText, fc.integer({ min: 14, max: 40 }), (text, maxPieces) => {
        // Something to read is always there, so that no text is refused.
        const prepared = prepareText(tokenizer, `${text} Anna`);
        const rows = buildSequences(tokenizer, prepared, queries, { maxPieces });
        // A network that answers with the ids it was given.
        const existence = new Float32Array(rows.rows).map((_, row) => (row === rows.rows - 1 ? 7 : -7));
        const merged = mergeWindows(prepared, rows, { start: rows.ids, end: rows.shapes, existence });
        const right = merged.every(({ start, end }) =>
          prepared.pieces.every(({ id, shape }, index) => start[index] === id && end[index] === shape),
        );
        const fits = rows.length <= maxPieces && rows.lengths.every((length) => length <= rows.length);
        return right && fits && merged.at(-1)!.existence === 7;
      }),
      { numRuns: 1000 },
    );
  });
});
