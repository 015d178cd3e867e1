// The photo's way into the network against Pillow and numpy, and the way back for boxes.
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Box } from "../core/geometry.js";
import { clipBox, fitLetterbox, letterboxInput, toPhotoBox } from "./letterbox.js";
import { resizeToRgb } from "./resize.js";

interface Fixture {
  mean: number[];
  std: number[];
  resize: { from: [number, number]; to: [number, number]; kind: string; sha256: string; bytes?: string }[];
  letterbox: {
    photo: [number, number];
    size: number;
    scaled: [number, number];
    left: number;
    top: number;
    sha256: string;
  }[];
}

const fixture = JSON.parse(
  readFileSync(new URL("../../test/fixtures/resize.json", import.meta.url), "utf8"),
) as Fixture;

/** The patterns of make_resize_fixture.py, as opaque RGBA. */
function pattern(width: number, height: number, kind: string): Uint8ClampedArray {
  const pixels = new Uint8ClampedArray(width * height * 4).fill(255);
  const total = width * height * 3;
  for (let place = 0; place < total; place++) {
    const to = Math.floor(place / 3) * 4 + (place % 3);
    if (kind === "noise") pixels[to] = Math.imul(place, 2654435761) >>> 24;
    else if (kind === "edges") pixels[to] = (Math.imul(place, 2246822519) >>> 31) * 255;
    else pixels[to] = Math.floor((place * 255) / total);
  }
  return pixels;
}

function hash(bytes: Uint8Array): string {
  return createHash("sha256").update(bytes).digest("hex");
}

describe("resizing", () => {
  it.each(fixture.resize)("is Pillow's, byte for byte: $from to $to, $kind", ({ from, to, kind, sha256, bytes }) => {
    const resized = resizeToRgb(pattern(from[0], from[1], kind), from[0], from[1], to[0], to[1]);
    if (bytes) expect(resized).toEqual(new Uint8Array(Buffer.from(bytes, "base64")));
    expect(hash(resized)).toBe(sha256);
  });
});

describe("the network's input", () => {
  it.each(fixture.letterbox)(
    "is numpy's, bit for bit: $photo in $size",
    ({ photo, size, scaled, left, top, sha256 }) => {
      const [width, height] = photo;
      const letterbox = fitLetterbox(width, height, size);
      expect(letterbox).toMatchObject({ scaledWidth: scaled[0], scaledHeight: scaled[1], left, top });
      const pixels = pattern(width, height, "noise");
      const input = letterboxInput(pixels, width, height, letterbox, fixture);
      expect(hash(new Uint8Array(input.buffer))).toBe(sha256);
    },
  );
});

const side = fc.integer({ min: 1, max: 30_000 });
const size = fc.constantFrom(64, 256, 320);
const coordinate = fc.double({ min: -1e5, max: 1e5, noNaN: true });

describe("boxes", () => {
  it("come back from the square as they went in", () => {
    const part = fc.double({ min: 0, max: 1, noNaN: true });
    fc.assert(
      fc.property(side, side, size, fc.tuple(part, part, part, part), (width, height, square, parts) => {
        const letterbox = fitLetterbox(width, height, square);
        const box: Box = [parts[0] * width, parts[1] * height, parts[2] * width, parts[3] * height];
        const { scale, left, top } = letterbox;
        const inside: Box = [box[0] * scale + left, box[1] * scale + top, box[2] * scale + left, box[3] * scale + top];
        for (const value of inside) {
          expect(value).toBeGreaterThanOrEqual(-1e-9);
          expect(value).toBeLessThanOrEqual(square + 1e-9);
        }
        toPhotoBox(letterbox, inside).forEach((value, index) => {
          expect(Math.abs(value - box[index]!)).toBeLessThanOrEqual(1e-9 * Math.max(width, height));
        });
      }),
    );
  });

  it("clipped, lie inside the photo and have an area", () => {
    const any = fc.oneof(coordinate, fc.constantFrom(Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY));
    fc.assert(
      fc.property(side, side, fc.tuple(any, any, any, any), (width, height, box) => {
        const [x0, y0, x1, y1] = clipBox(box, width, height);
        expect(x0).toBeGreaterThanOrEqual(0);
        expect(y0).toBeGreaterThanOrEqual(0);
        expect(x1).toBeLessThanOrEqual(width);
        expect(y1).toBeLessThanOrEqual(height);
        expect(x1).toBeGreaterThanOrEqual(x0 + 1);
        expect(y1).toBeGreaterThanOrEqual(y0 + 1);
      }),
      { numRuns: 500 },
    );
  });

  it("keep what lies inside, and a thin one its middle", () => {
    expect(clipBox([2, 3, 5.5, 9], 10, 10)).toEqual([2, 3, 5.5, 9]);
    expect(clipBox([-4, 3, 50, 9], 10, 10)).toEqual([0, 3, 10, 9]);
    expect(clipBox([4, 4, 4.5, 4.5], 10, 10)).toEqual([3.75, 3.75, 4.75, 4.75]);
    expect(clipBox([20, 20, 30, 30], 10, 10)).toEqual([9, 9, 10, 10]);
  });
});
