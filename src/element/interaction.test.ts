import { describe, expect, it } from "vitest";
import { buildWalk, walkTo } from "./interaction.js";
import { emptyView, type ShownEntity, type View } from "./view.js";

const entity = (id: string, ...boxIds: string[]): ShownEntity => ({
  id,
  index: 0,
  boxIds,
  start: 0,
  end: 1,
  text: "x",
  type: "PER",
  score: 1,
  region: null,
});

describe("the walk", () => {
  it("leads from a name to its box and on to the next name, to a shared box twice, to both of two", () => {
    const view: View = { ...emptyView, entities: [entity("a", "1"), entity("b"), entity("c", "1", "2")] };
    expect(buildWalk(view).map((stop) => `${stop.kind} ${stop.box ?? stop.entity}`)).toEqual([
      "span a",
      "box 1",
      "span b",
      "span c",
      "box 1",
      "box 2",
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
