// Places in a chart: what is twice as slow stands twice as high, and nothing leaves the frame.
import { describe, expect, it } from "vitest";
import { drawChart, niceCeiling } from "./chart.js";

const at = (x: number, median: number) => ({ x, ms: { runs: 1, median, lower: median, upper: median } });

describe("a chart", () => {
  it("ends at a round number that is not below the data", () => {
    expect([1, 1.2, 37, 61, 79, 81, 990].map(niceCeiling)).toEqual([1, 2, 40, 80, 80, 100, 1000]);
    expect(niceCeiling(0)).toBe(1);
  });

  it("puts points where their numbers say", () => {
    const svg = drawChart({
      title: "t",
      along: "x",
      series: [{ name: "s", points: [at(1, 50), at(2, 100), at(4, 100)] }],
    });
    const circles = [...svg.matchAll(/cx="([\d.]+)" cy="([\d.]+)"/g)].map(([, x, y]) => [Number(x), Number(y)]);
    const [first, second, third] = circles as [number[], number[], number[]];
    const zero = 360 - 55;
    expect((zero - second[1]!) / (zero - first[1]!)).toBeCloseTo(2);
    // Doublings are equally far apart.
    expect(second[0]! - first[0]!).toBeCloseTo(third[0]! - second[0]!);
    expect(second[1]).toBe(40);
  });
});
