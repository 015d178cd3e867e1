import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { placeChips } from "./place-chips.js";

const chips = fc.array(
  fc.record({
    x: fc.integer({ min: 0, max: 300 }),
    y: fc.constantFrom(0, 30, 60),
    width: fc.integer({ min: 20, max: 60 }),
  }),
  { maxLength: 10 },
);

describe("placeChips", () => {
  it("leaves chips with room where they are", () => {
    const places = placeChips(
      [
        { x: 0, y: 0, width: 30 },
        { x: 80, y: 0, width: 30 },
        { x: 0, y: 30, width: 30 },
      ],
      320,
    );
    expect(places).toEqual([
      { shift: 0, dot: false },
      { shift: 0, dot: false },
      { shift: 0, dot: false },
    ]);
  });
  it("pulls a chip in from the edge of the column", () => {
    expect(placeChips([{ x: 300, y: 0, width: 30 }], 320)).toEqual([{ shift: -10, dot: false }]);
  });
  it("makes dots where names are too close for words", () => {
    const places = placeChips(
      [0, 10, 20].map((x) => ({ x, y: 0, width: 40 })),
      320,
    );
    expect(places.map(({ dot }) => dot)).toEqual([true, true, false]);
  });
  it("never lays one chip on another and never leaves the column", () => {
    fc.assert(
      fc.property(chips, (given) => {
        const placed = placeChips(given, 360).map(({ shift, dot }, index) => {
          const { x, y, width } = given[index]!;
          return { left: x + shift, right: x + shift + (dot ? 8 : width), y };
        });
        for (const [at, a] of placed.entries()) {
          expect(a.left).toBeGreaterThanOrEqual(0);
          expect(a.right).toBeLessThanOrEqual(360 + 12 * given.length);
          for (const b of placed.slice(at + 1)) {
            expect(a.y !== b.y || a.right <= b.left || b.right <= a.left).toBe(true);
          }
        }
      }),
    );
  });
});
