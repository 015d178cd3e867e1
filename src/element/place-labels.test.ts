import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { placeLabels } from "./place-labels.js";

const photo = { width: 400, height: 300 };
const label = (x: number, y: number, width: number, height: number) => ({
  box: { x, y, width, height },
  width: 80,
  height: 20,
});

describe("placeLabels", () => {
  it("stands above where there is room", () => {
    expect(placeLabels([label(50, 60, 90, 90)], photo)[0]).toMatchObject({ where: "above", y: 38, x: 50 });
  });
  it("goes inside at the upper edge of the photo", () => {
    expect(placeLabels([label(50, 0, 200, 200)], photo)[0]?.where).toBe("inside");
  });
  it("goes below when the box is small and at the upper edge", () => {
    expect(placeLabels([label(50, 0, 40, 30)], photo)[0]?.where).toBe("below");
  });
  it("says when there is no room left", () => {
    const same = label(0, 0, 400, 24);
    expect(placeLabels([same, same, same], photo).map(({ free }) => free)).toEqual([true, true, false]);
  });
  it("keeps every label in the photo and free ones apart", () => {
    const box = fc.record({
      x: fc.integer({ min: 0, max: 390 }),
      y: fc.integer({ min: 0, max: 290 }),
      width: fc.integer({ min: 1, max: 400 }),
      height: fc.integer({ min: 1, max: 300 }),
    });
    const labels = fc.array(
      fc.record({ box, width: fc.integer({ min: 10, max: 200 }), height: fc.integer({ min: 10, max: 30 }) }),
      { maxLength: 12 },
    );
    fc.assert(
      fc.property(labels, (given) => {
        const places = placeLabels(given, photo).map((place, index) => ({ ...given[index]!, ...place }));
        for (const place of places) {
          expect(place.x >= 0 && place.y >= 0 && place.x + place.width <= 400 && place.y + place.height <= 300).toBe(
            true,
          );
        }
        const free = places.filter((place) => place.free);
        for (const [at, a] of free.entries()) {
          for (const b of free.slice(at + 1)) {
            const apart =
              a.x + a.width <= b.x || b.x + b.width <= a.x || a.y + a.height <= b.y || b.y + b.height <= a.y;
            expect(apart).toBe(true);
          }
        }
      }),
    );
  });
});
