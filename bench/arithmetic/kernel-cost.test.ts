// The counts of single kernels by hand, and of a whole encoder against the textbook's formula.
import { describe, expect, it } from "vitest";
import { kernelCost } from "./kernel-cost.js";

const shaped = (...shape: number[]) => ({ shape });

describe("the cost of a kernel", () => {
  it("counts a product of matrices", () => {
    const inputs = { a: shaped(1, 3, 5), b: shaped(1, 5, 7) };
    expect(kernelCost("_FusedMatMul", inputs, [shaped(1, 3, 7)])).toEqual({
      flops: 2 * 3 * 5 * 7,
      bytes: 4 * (15 + 35 + 21),
    });
  });

  it("finds the inner side of a turned matrix", () => {
    const inputs = { a: shaped(1, 5, 3), b: shaped(1, 5, 7) };
    expect(kernelCost("BatchMatMul", inputs, [shaped(1, 3, 7)], { transposeA: true }).flops).toBe(2 * 3 * 5 * 7);
  });

  it("counts a convolution by what it writes, so strides are in", () => {
    const inputs = { x: shaped(1, 320, 320, 3), filter: shaped(6, 6, 3, 16), bias: shaped(16) };
    const { flops } = kernelCost("FusedConv2D", inputs, [shaped(1, 160, 160, 16)]);
    expect(flops).toBe(2 * 160 * 160 * 16 * 6 * 6 * 3);
  });

  it("counts a depthwise convolution without a sum over channels", () => {
    const inputs = { x: shaped(1, 40, 40, 64), filter: shaped(3, 3, 64, 1) };
    expect(kernelCost("FusedDepthwiseConv2D", inputs, [shaped(1, 40, 40, 64)]).flops).toBe(2 * 40 * 40 * 64 * 9);
  });

  it("does not count the zeros that fill up a linear layer's last panel", () => {
    const inputs = { x: shaped(10, 16), panels: shaped(1, 16, 8), bias: shaped(8) };
    const given = { inputs: 16, outputs: 3 };
    expect(kernelCost("MnerLinear", inputs, [shaped(10, 3)], given).flops).toBe(2 * 10 * 16 * 3);
  });

  it("takes nothing for another name of the same numbers", () => {
    expect(kernelCost("Reshape", { x: shaped(4, 4) }, [shaped(16)])).toEqual({ flops: 0, bytes: 0 });
  });

  it("adds up to a transformer layer's 24·n·d² + 4·n²·d", () => {
    const [n, d] = [48, 384];
    const linear = (rows: number, inputs: number, outputs: number): number =>
      kernelCost("MnerLinear", { x: shaped(rows, inputs) }, [shaped(rows, outputs)], { inputs, outputs }).flops;
    const attention = kernelCost(
      "MnerAttention",
      { query: shaped(n, 3 * d), key: shaped(n, 3 * d), value: shaped(n, 3 * d) },
      [shaped(n, d)],
      { batch: 1, heads: 12, width: d },
    ).flops;
    const layer = linear(n, d, 3 * d) + attention + linear(n, d, d) + linear(n, d, 4 * d) + linear(n, 4 * d, d);
    expect(layer).toBe(24 * n * d * d + 4 * n * n * d);
  });
});
