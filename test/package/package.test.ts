// What is in the package: all that its map of exports names, no more than belongs there, and nothing that runs by itself.
import { describe, expect, inject, it } from "vitest";
import { readPackage } from "./support/pack.js";

const { files, hasModel } = inject("packed");
const paths = files.map(({ path }) => path);
const description = readPackage();

function targets(value: unknown): string[] {
  if (typeof value === "string") return [value];
  return Object.values(value as Record<string, unknown>).flatMap(targets);
}

describe("the package", () => {
  it("has every file that it names", () => {
    const named = [...targets(description.exports), ...targets(description.bin), description.customElements as string];
    const missing = named
      .map((path) => path.replace(/^\.\//, ""))
      .filter((path) => !path.includes("*") && !paths.includes(path));
    expect(missing).toEqual([]);
  });

  it("consists of what was built, its description and its licence", () => {
    const strange = paths.filter((path) => !/^(?:dist\/|package\.json$|README\.md$|LICENSE$)/.test(path));
    expect(strange).toEqual([]);
    expect(paths.filter((path) => /\.(?:ts|map|test\.js)$/.test(path) && !path.endsWith(".d.ts"))).toEqual([]);
    expect(paths.filter((path) => path.startsWith("dist/app/"))).toEqual([]);
  });

  it("runs nothing when it is installed and brings no other packages", () => {
    const scripts = Object.keys(description.scripts as Record<string, string>);
    expect(scripts.filter((name) => /^(?:(?:pre|post)?install|prepare)$/.test(name))).toEqual([]);
    expect(Object.keys((description.dependencies as Record<string, string> | undefined) ?? {})).toEqual([]);
  });

  it("keeps to the sizes that a model may have", () => {
    const model = files.filter(({ path }) => path.startsWith("dist/models/"));
    expect(model.reduce((sum, { size }) => sum + size, 0)).toBeLessThanOrEqual(30_000_000);
    expect(model.filter(({ path, size }) => path.endsWith(".bin") && size > 4 * 1024 * 1024)).toEqual([]);
    expect(model.length > 0).toBe(hasModel);
  });
});
