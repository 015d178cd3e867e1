// Holds the real imports of src/ against the table in docs/architecture.md, and its drawing against the table.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { drawRooms, readRooms, redraw } from "../../scripts/docs/rooms.mjs";
import { findCircle, importsOf, readImports } from "./imports.js";

const root = fileURLToPath(new URL("../..", import.meta.url));
const page = readFileSync(join(root, "docs/architecture.md"), "utf8");
const rooms = readRooms(page);
const imports = readImports(join(root, "src"));
const roomOf = (file: string): string => file.split("/")[0]!;

describe("the rooms of src/", () => {
  it("are those of the table", () => {
    // What stands in src/ itself are declarations for the compiler.
    const real = new Set([...imports.keys()].filter((file) => file.includes("/")).map(roomOf));
    expect([...rooms.keys()].sort()).toEqual([...real].sort());
  });

  it("import only what the table allows", () => {
    const forbidden = [...imports].flatMap(([file, targets]) =>
      targets
        .filter((target) => roomOf(target) !== roomOf(file) && !rooms.get(roomOf(file))?.includes(roomOf(target)))
        .map((target) => `${file} imports ${target}`),
    );
    expect(forbidden).toEqual([]);
  });

  it("use every permission the table gives", () => {
    const used = new Set(
      [...imports].flatMap(([file, targets]) => targets.map((to) => `${roomOf(file)} ${roomOf(to)}`)),
    );
    const unused = [...rooms].flatMap(([room, allowed]) => allowed.map((name) => `${room} ${name}`));
    expect(unused.filter((pair) => !used.has(pair))).toEqual([]);
  });

  it("import no file that is not there", () => {
    const files = new Set(imports.keys());
    const missing = [...imports].flatMap(([file, targets]) =>
      targets.filter((to) => to.endsWith(".ts") && !files.has(to)).map((to) => `${file} imports ${to}`),
    );
    expect(missing).toEqual([]);
  });

  it("have no circle, neither of rooms nor of files", () => {
    expect(findCircle(rooms)).toBeNull();
    expect(findCircle(imports)).toBeNull();
  });

  it("are drawn as the table says", () => {
    // `npm run docs` draws them anew.
    expect(redraw(page)).toBe(page);
  });
});

describe("what reads them", () => {
  it("finds every form of import", () => {
    const source = `import type { A } from "../b/a.js";
import "./side.js";
export * from "../c/index.js";
const lazy = () => import("./lazy.js");
import {
  long,
} from "../d/long.js";
import url from "./worker.js?worker&url";
import { lit } from "lit";`;
    expect(importsOf("room/file.ts", source)).toEqual([
      "b/a.ts",
      "room/side.ts",
      "c/index.ts",
      "room/lazy.ts",
      "d/long.ts",
      "room/worker.ts",
    ]);
  });

  it("finds a circle", () => {
    const circle = new Map(Object.entries({ a: ["b"], b: ["c", "d"], c: [], d: ["b"] }));
    expect(findCircle(circle)).toEqual(["b", "d"]);
  });

  it("draws no arrow that follows from others", () => {
    const drawing = drawRooms(new Map(Object.entries({ a: ["b", "c"], b: ["c"], c: [] })));
    expect(drawing).toContain("a --> b");
    expect(drawing).not.toContain("a --> c");
  });
});
