// The encodings against numpy's bits, and the bounds that any input must keep.
import { readFileSync } from "node:fs";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { float16Table, toFloat16Bits } from "./float16.js";
import {
  decodeFloat16,
  decodeInt8,
  encodeFloat16,
  encodeInt8,
  encodingFor,
  fitsFloat16,
  roundHalfEven,
} from "./quantise.js";

interface Fixture {
  int8: { name: string; shape: number[]; values: string; quantised: string; scales: string; decoded: string }[];
  float16: { name: string; values: string; bits: string; decoded: string }[];
}

const fixture = JSON.parse(
  readFileSync(new URL("../../test/fixtures/quantise.json", import.meta.url), "utf8"),
) as Fixture;

function bytesOf(base64: string): ArrayBuffer {
  return new Uint8Array(Buffer.from(base64, "base64")).buffer;
}

/** Compared as bits, so that -0 and 0 differ and no tolerance creeps in. */
function bits(values: Float32Array): Uint32Array {
  return new Uint32Array(values.buffer, values.byteOffset, values.length);
}

describe("int8", () => {
  it.each(fixture.int8)("gives numpy's bits: $name", ({ shape, values, quantised, scales, decoded }) => {
    const rows = encodeInt8(new Float32Array(bytesOf(values)), shape[0]!);
    expect(rows.values).toEqual(new Int8Array(bytesOf(quantised)));
    expect(bits(rows.scales)).toEqual(new Uint32Array(bytesOf(scales)));
    expect(bits(decodeInt8(rows))).toEqual(new Uint32Array(bytesOf(decoded)));
  });

  it("never errs by more than half a step", () => {
    const row = fc.float32Array({ minLength: 1, maxLength: 40, noNaN: true, min: -(2 ** 100), max: 2 ** 100 });
    fc.assert(
      fc.property(row, (values) => {
        const rows = encodeInt8(values, 1);
        const decoded = decodeInt8(rows);
        const scale = rows.scales[0]!;
        if (scale < 2 ** -126) return; // steps of subnormal numbers are as coarse as the numbers
        for (let i = 0; i < values.length; i++) {
          expect(Math.abs(values[i]! - decoded[i]!)).toBeLessThanOrEqual(scale * 0.5001);
        }
      }),
    );
  });

  it("keeps what it has once quantised", () => {
    fc.assert(
      fc.property(fc.int8Array({ minLength: 1, maxLength: 60, min: -126 }), (quantised) => {
        quantised[0] = 127; // makes the scale come back as it was
        const decoded = decodeInt8({ values: quantised, scales: Float32Array.of(0.0123) });
        expect(encodeInt8(decoded, 1).values).toEqual(quantised);
      }),
    );
  });
});

describe("float16", () => {
  it.each(fixture.float16)("gives numpy's bits: $name", ({ values, bits: expected, decoded }) => {
    const encoded = encodeFloat16(new Float32Array(bytesOf(values)));
    expect(encoded).toEqual(new Uint16Array(bytesOf(expected)));
    expect(bits(decodeFloat16(encoded))).toEqual(new Uint32Array(bytesOf(decoded)));
  });

  it("takes every half-precision number there and back", () => {
    const table = float16Table();
    for (let half = 0; half < 65_536; half++) {
      const back = toFloat16Bits(table[half]!);
      const same = Number.isNaN(table[half]!) ? Number.isNaN(table[back]) : back === half;
      if (!same) expect.fail(`0x${half.toString(16)} came back as 0x${back.toString(16)}`);
    }
  });

  it("knows which values it cannot hold", () => {
    expect(fitsFloat16(Float32Array.of(65_504, -65_504))).toBe(true);
    expect(fitsFloat16(Float32Array.of(0, -65_520))).toBe(false);
  });
});

describe("rules", () => {
  it("rounds ties to even", () => {
    expect([0.5, 1.5, 2.5, -0.5, -1.5, -2.5, 2.4999, 2.5001].map((value) => roundHalfEven(value) + 0)).toEqual([
      0, 2, 2, 0, -2, -2, 2, 3,
    ]);
  });

  it("chooses the encoding by shape", () => {
    expect(encodingFor([32, 32], 8)).toBe("int8");
    expect(encodingFor([31, 33], 8)).toBe("float16");
    expect(encodingFor([4096], 8)).toBe("float16");
    expect(encodingFor([], 8)).toBe("float16");
    expect(encodingFor([64, 64], 16)).toBe("float16");
    expect(encodingFor([64, 64], 32)).toBe("float32");
  });
});
