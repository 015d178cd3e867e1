import { describe, expect, it } from "vitest";
import { veil } from "./why.js";

const grid = (columns: number, rows: number, bright: number) => ({
  columns,
  rows,
  cells: Array.from({ length: columns * rows }, (_, index) => (index === bright ? 0.8 : 0.01)),
});

describe("the veil", () => {
  it("leaves the brightest cell free and veils the rest", () => {
    const opacities = veil(grid(2, 2, 3));
    expect(opacities[3]).toBe(0);
    expect(opacities[0]).toBeGreaterThan(120);
  });
});
