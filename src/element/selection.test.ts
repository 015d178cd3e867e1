import { describe, expect, it } from "vitest";
import { Selection } from "./selection.js";

describe("Selection", () => {
  it("lights what is pointed at, else what has the focus, else what is pinned", () => {
    const selection = new Selection();
    selection.pinned = "a";
    expect([...selection.active]).toEqual(["a"]);
    selection.focused = ["b"];
    expect([...selection.active]).toEqual(["b"]);
    selection.hovered = ["c", "d"];
    expect([...selection.active]).toEqual(["c", "d"]);
  });
  it("goes through the names of one place, then lets go", () => {
    const selection = new Selection();
    const seen = Array.from({ length: 4 }, () => {
      selection.cycle(["a", "b"]);
      return selection.pinned;
    });
    expect(seen).toEqual(["a", "b", null, "a"]);
  });
  it("clears once", () => {
    const selection = new Selection();
    selection.toggle("a");
    expect(selection.clear()).toBe(true);
    expect(selection.clear()).toBe(false);
  });
  it("drops what no longer exists", () => {
    const selection = new Selection();
    selection.pinned = "a";
    selection.hovered = ["a", "b"];
    selection.keep((id) => id === "b");
    expect([selection.pinned, selection.hovered]).toEqual([null, ["b"]]);
  });
});
