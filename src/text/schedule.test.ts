import fc from "fast-check";
import { expect, it } from "vitest";
import { bestWithoutOverlap, type WeightedInterval } from "./schedule.js";

const interval = fc
  .record({ start: fc.nat(12), length: fc.integer({ min: 1, max: 6 }), score: fc.integer({ min: 0, max: 20 }) })
  .map(({ start, length, score }): WeightedInterval => ({ start, end: start + length, score }));

const total = (items: readonly WeightedInterval[]): number => items.reduce((sum, { score }) => sum + score, 0);
const overlap = (items: readonly WeightedInterval[]): boolean =>
  items.some((one, index) => items.some((other, at) => at > index && one.start < other.end && other.start < one.end));

it("finds the best sum that any choice without overlap has", () => {
  fc.assert(
    fc.property(fc.array(interval, { maxLength: 9 }), (items) => {
      let best = 0;
      for (let choice = 0; choice < 2 ** items.length; choice++) {
        const chosen = items.filter((_, index) => choice & (1 << index));
        if (!overlap(chosen)) best = Math.max(best, total(chosen));
      }
      const kept = bestWithoutOverlap(items);
      return !overlap(kept) && total(kept) === best && kept.every((item) => items.includes(item));
    }),
    { numRuns: 500 },
  );
});

it("takes two good ones rather than the long one across them, and the first of equals", () => {
  const items = [
    { start: 0, end: 9, score: 0.9 },
    { start: 0, end: 4, score: 0.6 },
    { start: 4, end: 9, score: 0.6 },
    { start: 4, end: 9, score: 0.6, again: true },
  ];
  expect(bestWithoutOverlap(items)).toEqual([items[1], items[2]]);
  expect(bestWithoutOverlap([])).toEqual([]);
});
