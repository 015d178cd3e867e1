// Attention over the photo: nothing of the padding, nothing lost of the photo, always a distribution.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { attentionOverPhoto } from "./attention.js";
import { fitLetterbox } from "./letterbox.js";

describe("attentionOverPhoto", () => {
  it("drops the padding and keeps the photo's cells", () => {
    // 128×64 in 64 pixels: rows 16 to 48, which are the middle two of four cells of 16.
    const weights = Array.from({ length: 16 }, (_, i) => (i === 0 ? 100 : i === 4 ? 3 : i === 11 ? 1 : 0));
    const attention = attentionOverPhoto([{ grid: 4, weights }], fitLetterbox(128, 64, 64));
    expect(attention).toEqual({ columns: 4, rows: 2, cells: [0.75, 0, 0, 0, 0, 0, 0, 0.25] });
  });

  it("shares out cells that the photo's edge cuts", () => {
    // 64×48 in 64 pixels: rows 8 to 56; the top cell of 16 lies half in the photo.
    const weights = new Array<number>(16).fill(0);
    weights[0] = 1;
    weights[4] = 1;
    const attention = attentionOverPhoto([{ grid: 4, weights }], fitLetterbox(64, 48, 64));
    expect(attention.rows).toBe(3);
    // Rows 8–24, 24–40, 40–56: half of the first cell and half of the second; the second's other half.
    expect(attention.cells[0]).toBeCloseTo(2 / 3);
    expect(attention.cells[4]).toBeCloseTo(1 / 3);
  });

  it("adds scales up on the finest grid", () => {
    const coarse = { grid: 2, weights: [0, 0, 0, 1] };
    const fine = { grid: 4, weights: Array.from({ length: 16 }, (_, i) => (i === 0 ? 1 : 0)) };
    const { columns, cells } = attentionOverPhoto([coarse, fine], fitLetterbox(64, 64, 64));
    expect(columns).toBe(4);
    expect(cells[0]).toBeCloseTo(0.5);
    expect([10, 11, 14, 15].map((i) => cells[i])).toEqual(new Array(4).fill(expect.closeTo(0.125)));
  });

  it("is even when only padding was looked at", () => {
    const weights = Array.from({ length: 16 }, (_, i) => (i < 4 ? 1 : Number.NaN));
    const { cells } = attentionOverPhoto([{ grid: 4, weights }], fitLetterbox(128, 64, 64));
    expect(cells).toEqual(new Array(8).fill(1 / 8));
  });

  it("is a distribution over the photo for any weights and any photo", () => {
    const side = fc.integer({ min: 1, max: 5000 });
    const weight = fc.oneof(fc.double({ min: 0, max: 1 }), fc.constantFrom(Number.NaN, 1 / 0, -1));
    fc.assert(
      fc.property(side, side, fc.array(weight, { minLength: 64, maxLength: 64 }), (width, height, weights) => {
        const { columns, rows, cells } = attentionOverPhoto([{ grid: 8, weights }], fitLetterbox(width, height, 64));
        expect(cells).toHaveLength(columns * rows);
        expect(cells.every((cell) => cell >= 0 && cell <= 1)).toBe(true);
        expect(cells.reduce((sum, cell) => sum + cell, 0)).toBeCloseTo(1, 9);
      }),
    );
  });
});
