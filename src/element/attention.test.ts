import { describe, expect, it } from "vitest";
import { lookedAt, veil } from "./attention.js";

const grid = (columns: number, rows: number, bright: number) => ({
  columns,
  rows,
  cells: Array.from({ length: columns * rows }, (_, index) => (index === bright ? 0.8 : 0.01)),
});

describe("attention", () => {
  it("names the third that was looked at", () => {
    expect(lookedAt(grid(6, 6, 0))).toBe(0);
    expect(lookedAt(grid(6, 6, 5))).toBe(2);
    expect(lookedAt(grid(6, 6, 35))).toBe(8);
    expect(lookedAt(grid(5, 3, 7))).toBe(4);
    expect(lookedAt(grid(1, 1, 0))).toBe(4);
  });
  it("names nothing when nothing was looked at", () => {
    expect(lookedAt({ columns: 2, rows: 1, cells: [0, 0] })).toBeNull();
  });
  it("leaves the brightest cell free and veils the rest", () => {
    const opacities = veil(grid(2, 2, 3));
    expect(opacities[3]).toBe(0);
    expect(opacities[0]).toBeGreaterThan(120);
  });
});
