import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { styleOf } from "./type-style.js";

describe("styleOf", () => {
  it("gives the usual types three signs that no other of them has", () => {
    const looks = ["PER", "LOC", "ORG", "OTHER"].map(styleOf);
    for (const sign of ["color", "shape", "pattern"] as const)
      expect(new Set(looks.map((look) => look[sign])).size).toBe(4);
  });
  it("gives own types the same look every time, never one of the usual colours", () => {
    fc.assert(
      fc.property(fc.string(), (label) => {
        const look = styleOf(label);
        expect(styleOf(label)).toEqual(look);
        if (!["PER", "LOC", "ORG", "OTHER"].includes(label)) expect(look.color).toMatch(/^var\(--_own-[1-6]\)$/);
      }),
    );
  });
  it("does not take object properties for types", () => {
    for (const label of ["constructor", "__proto__", "toString"]) expect(styleOf(label).part).toBe("own");
  });
  it("spreads labels over the colours", () => {
    expect(
      new Set(["ship", "flower", "film", "team", "dish", "game", "car", "dog"].map((label) => styleOf(label).color))
        .size,
    ).toBeGreaterThan(3);
  });
});
