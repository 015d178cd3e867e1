// A folded convolution gives what the convolution and its norm gave.
import fc from "fast-check";
import { expect, it } from "vitest";
import { foldBias, foldWeight } from "./batch-norm.js";

const value = fc.float({ min: -4, max: 4, noNaN: true });
const channels = 3;
const inputs = 4;
const vector = fc.array(value, { minLength: channels, maxLength: channels }).map((list) => Float32Array.from(list));

it("equals convolution, then norm, for any parameters", () => {
  const cases = fc.record({
    kernel: fc.array(value, { minLength: channels * inputs, maxLength: channels * inputs }),
    pixel: fc.array(value, { minLength: inputs, maxLength: inputs }),
    weight: vector,
    bias: vector,
    mean: vector,
    variance: vector.map((list) => list.map((entry) => entry * entry)),
    convolutionBias: fc.option(vector),
  });
  fc.assert(
    fc.property(cases, ({ kernel, pixel, convolutionBias, ...parameters }) => {
      const norm = { ...parameters, epsilon: 1e-5 };
      const dot = (weights: ArrayLike<number>, channel: number) =>
        pixel.reduce((sum, input, at) => sum + input * weights[channel * inputs + at]!, 0);
      const folded = foldWeight(Float32Array.from(kernel), norm);
      const shift = foldBias(norm, convolutionBias);
      for (let channel = 0; channel < channels; channel++) {
        const raw = dot(Float32Array.from(kernel), channel) + (convolutionBias?.[channel] ?? 0);
        const scale = norm.weight[channel]! / Math.sqrt(norm.variance[channel]! + norm.epsilon);
        const expected = (raw - norm.mean[channel]!) * scale + norm.bias[channel]!;
        const found = dot(folded, channel) + shift[channel]!;
        // Single precision of sums whose terms may be some hundred times their result.
        const tolerance = 1e-5 * (1 + Math.abs(scale) * 100 + Math.abs(expected));
        expect(Math.abs(found - expected)).toBeLessThan(tolerance);
      }
    }),
  );
});
