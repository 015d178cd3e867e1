// Medians and quotients against numbers worked out by hand.
import { describe, expect, it } from "vitest";
import { median, ratios, summarise } from "./statistics.js";

describe("statistics", () => {
  it("takes the middle of an odd number of values, whatever their order", () => {
    expect(median([9, 1, 5])).toBe(5);
  });

  it("takes the mean of the two middle ones of an even number", () => {
    expect(median([4, 1, 3, 100])).toBe(3.5);
  });

  it("sorts as numbers, not as text", () => {
    expect(median([10, 9, 100])).toBe(10);
  });

  it("gives quartiles between neighbours", () => {
    expect(summarise([1, 2, 3, 4])).toEqual({ runs: 4, median: 2.5, lower: 1.75, upper: 3.25 });
    expect(summarise([7])).toEqual({ runs: 1, median: 7, lower: 7, upper: 7 });
  });

  it("pairs runs of the same round", () => {
    // The second round was slow for both: its quotient is as good as the others.
    expect(ratios([6, 60, 6], [2, 20, 1]).median).toBe(3);
  });

  it("refuses what cannot be summarised", () => {
    expect(() => summarise([])).toThrow("no values");
    expect(() => ratios([1, 2], [1])).toThrow("paired");
  });
});
