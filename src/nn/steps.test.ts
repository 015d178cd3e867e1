// Weights of eight bits are found again from their floats, and nothing else is taken for them.
import { describe, expect, it } from "vitest";
import { decodeFloat16, decodeInt8, encodeFloat16, encodeInt8 } from "../model/quantise.js";
import { PANEL } from "./fused.js";
import { toRowTable, toSteps } from "./steps.js";

const numbers = (count: number): Float32Array =>
  Float32Array.from({ length: count }, (_, i) => Math.sin(i * 12.9898) * (1 + (i % 7)));

describe("weights of eight bits", () => {
  const [inputs, outputs] = [101, 99];
  const rows = encodeInt8(numbers(inputs * outputs), outputs);

  it("are found again, whatever their rows were scaled by", () => {
    const values = decodeInt8(rows).map((value, at) => Math.fround(value * (0.3 + Math.floor(at / inputs))));
    const { values: found, steps, top } = toSteps({ inputs, outputs, values })!;
    const depth = 104;
    for (let output = 0; output < outputs; output++) {
      const column = output % PANEL;
      for (let input = 0; input < inputs; input++) {
        const at = (output - column) * depth + (input >> 1) * 2 * PANEL + column * 2 + (input & 1);
        expect(found[at]).toBe(rows.values[output * inputs + input]);
        const value = values[output * inputs + input]!;
        expect(Math.abs(found[at]! * steps[output]! - value)).toBeLessThanOrEqual(1e-6 * Math.abs(value));
      }
      const weight = rows.values.subarray(output * inputs, (output + 1) * inputs).reduce((s, v) => s + Math.abs(v), 0);
      expect(top * weight).toBeLessThan(2 ** 31);
    }
    expect(top).toBeGreaterThan(2 ** 12);
  });

  it("are not seen in floats, in half precision, or in layers too thin to gain by it", () => {
    const values = numbers(inputs * outputs);
    expect(toSteps({ inputs, outputs, values })).toBeNull();
    expect(toSteps({ inputs, outputs, values: decodeFloat16(encodeFloat16(values)) })).toBeNull();
    expect(toSteps({ inputs: 11, outputs: 9, values: decodeInt8(encodeInt8(numbers(99), 9)) })).toBeNull();
    expect(toSteps({ inputs, outputs, values: values.fill(Number.NaN) })).toBeNull();
  });

  it("leave rows twelve bits where all weights are at their largest and as many as may be", () => {
    const [deep, wide] = [8192, 96];
    const { top } = toSteps({ inputs: deep, outputs: wide, values: new Float32Array(deep * wide).fill(1) })!;
    expect(top).toBeGreaterThanOrEqual(2 ** 11);
    expect(top * 127 * deep).toBeLessThan(2 ** 31);
  });

  it.each(["eight bits", "floats"])("add the same rows out of a table of %s", (kind) => {
    const values = kind === "floats" ? numbers(inputs * outputs) : decodeInt8(rows);
    const sums = new Float32Array(inputs + 3).fill(1);
    toRowTable(values, inputs).addRow(7, sums, 3);
    expect([...sums.subarray(0, 3)]).toEqual([1, 1, 1]);
    for (let i = 0; i < inputs; i++) expect(sums[3 + i]).toBeCloseTo(1 + values[7 * inputs + i]!, 5);
  });
});
