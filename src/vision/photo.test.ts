// Pixels over white, sizes that are kept, and keys that tell contents apart.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { contentKey } from "./content-key.js";
import { LONGEST_SIDE, layOverWhite, photoFromPixels, reducedSize } from "./photo.js";

describe("layOverWhite", () => {
  it("is exact", () => {
    const over = layOverWhite(Uint8ClampedArray.of(10, 20, 30, 255, 10, 20, 30, 0, 0, 100, 255, 128));
    expect([...over]).toEqual([10, 20, 30, 255, 255, 255, 255, 255, 127, 177, 255, 255]);
  });
});

describe("photoFromPixels", () => {
  it("refuses pixels that do not fit their size", () => {
    for (const [width, height] of [
      [2, 2],
      [0, 5],
      [Number.NaN, 1],
      [-1, -1],
    ] as const) {
      const make = (): unknown => photoFromPixels(new Uint8ClampedArray(4), width, height);
      expect(make).toThrow(expect.objectContaining({ code: "image-unreadable" }));
    }
    const huge = (): unknown => photoFromPixels(new Uint8ClampedArray(4), 1e6, 1e6);
    expect(huge).toThrow(expect.objectContaining({ code: "image-too-large" }));
  });

  it("gives photos of one content one key, whatever their shape", () => {
    const key = (width: number, height: number, first = 0): string =>
      photoFromPixels(new Uint8ClampedArray(64).fill(first, 0, 1), width, height).key;
    expect(key(4, 4)).toBe(key(4, 4));
    expect(key(4, 4)).not.toBe(key(2, 8));
    expect(key(4, 4)).not.toBe(key(4, 4, 1));
  });
});

describe("reducedSize", () => {
  it("keeps small photos, and the shape of large ones", () => {
    const side = fc.integer({ min: 1, max: 30_000 });
    fc.assert(
      fc.property(side, side, (width, height) => {
        const reduced = reducedSize(width, height);
        expect(Math.max(reduced.width, reduced.height)).toBe(Math.min(Math.max(width, height), LONGEST_SIDE));
        expect(Math.min(reduced.width, reduced.height)).toBeGreaterThan(0);
        const factor = Math.min(1, LONGEST_SIDE / Math.max(width, height));
        expect(Math.abs(reduced.width - width * factor)).toBeLessThanOrEqual(1);
        expect(Math.abs(reduced.height - height * factor)).toBeLessThanOrEqual(1);
      }),
    );
  });
});

describe("contentKey", () => {
  it("is the same for the same bytes, wherever they lie", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), fc.integer({ min: 0, max: 7 }), (bytes, shift) => {
        const moved = new Uint8Array(bytes.length + shift);
        moved.set(bytes, shift);
        expect(contentKey(moved.subarray(shift))).toBe(contentKey(bytes));
        expect(contentKey(bytes)).toMatch(/^[0-9a-f]{32}$/);
      }),
    );
  });

  it("differs after any change, cut or addition", () => {
    const bytes = fc.uint8Array({ minLength: 1, maxLength: 100 });
    fc.assert(
      fc.property(bytes, fc.nat(99), fc.integer({ min: 1, max: 255 }), (original, at, change) => {
        const changed = original.slice();
        changed[at % original.length]! ^= change;
        const keys = [original, changed, original.subarray(1), new Uint8Array([...original, 0])].map(contentKey);
        expect(new Set(keys).size).toBe(4);
      }),
      { numRuns: 2000 },
    );
  });

  it("has no collisions among many like contents", () => {
    const keys = new Set<string>();
    const bytes = new Uint8Array(64);
    const view = new DataView(bytes.buffer);
    for (let i = 0; i < 50_000; i++) {
      view.setUint32((i % 16) * 4, i);
      keys.add(contentKey(bytes));
      view.setUint32((i % 16) * 4, 0);
    }
    expect(keys.size).toBe(50_000);
  });
});
