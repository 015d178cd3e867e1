import { describe, expect, it } from "vitest";
import type { ShownEntity, View } from "./view-model.js";
import { buildWalk, walkTo } from "./walk.js";

const entity = (id: string, boxId: string | null): ShownEntity => ({
  id,
  index: 0,
  boxId,
  start: 0,
  end: 1,
  text: "x",
  type: "PER",
  score: 1,
  region: null,
});

describe("the walk", () => {
  it("leads from a name to its box and on to the next name, to a shared box twice", () => {
    const view: View = { entities: [entity("a", "1"), entity("b", null), entity("c", "1")], boxes: [], types: [] };
    expect(buildWalk(view).map((stop) => `${stop.kind} ${stop.box ?? stop.entity}`)).toEqual([
      "span a",
      "box 1",
      "span b",
      "span c",
      "box 1",
    ]);
  });

  it("follows the arrows, the ends and the writing direction", () => {
    expect(walkTo("ArrowRight", 0, 3)).toBe(1);
    expect(walkTo("ArrowDown", 2, 3)).toBe(2);
    expect(walkTo("ArrowLeft", 0, 3)).toBe(0);
    expect(walkTo("ArrowUp", 2, 3)).toBe(1);
    expect(walkTo("Home", 2, 3)).toBe(0);
    expect(walkTo("End", 0, 3)).toBe(2);
    expect(walkTo("ArrowLeft", 0, 3, true)).toBe(1);
    expect(walkTo("ArrowRight", 1, 3, true)).toBe(0);
  });

  it("leaves other keys alone, and empty walks", () => {
    expect(walkTo("a", 0, 3)).toBeNull();
    expect(walkTo("ArrowRight", 0, 0)).toBeNull();
  });
});
