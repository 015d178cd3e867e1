// What is generated for tools says what the class says, and all of it.
import { spawnSync } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { MnerQg } from "../../src/element/mner-qg.js";
import { root } from "./support.js";

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "mner-qg-docs-"));
  const run = spawnSync(process.execPath, ["scripts/generate-element-docs.mjs", "--out", folder], {
    cwd: root,
    encoding: "utf8",
  });
  expect(run.stderr + run.status).toBe("0");
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const read = (name: string): string => readFileSync(join(folder, name), "utf8");

interface Named {
  readonly name: string;
  readonly description?: string;
}

function declaration(): Record<"attributes" | "members" | "events" | "slots" | "cssParts" | "cssProperties", Named[]> {
  return JSON.parse(read("custom-elements.json")).modules[0].declarations[0];
}

describe("custom-elements.json", () => {
  it("knows every attribute and property of the class", () => {
    const attributes = Object.entries(MnerQg.properties).flatMap(([name, { attribute }]) =>
      attribute === false ? [] : [typeof attribute === "string" ? attribute : name.toLowerCase()],
    );
    expect(
      declaration()
        .attributes.map(({ name }) => name)
        .sort(),
    ).toEqual(attributes.sort());
    const members = declaration().members.map(({ name }) => name);
    for (const name of [
      ...Object.keys(MnerQg.properties),
      "analyze",
      "select",
      "toJSON",
      "toCoNLL",
      "toWebAnnotation",
      "toCOCO",
      "toSVG",
      "toPNG",
    ]) {
      expect(members).toContain(name);
    }
    expect(members.filter((name) => name.startsWith("#"))).toEqual([]);
  });

  it("knows every event, slot, part and custom property in the sources, and no other", () => {
    const templates = readdirSync(join(root, "src/element/templates")).map((file) => `templates/${file}`);
    const code = ["mner-qg.ts", "why.ts", ...templates]
      .map((file) => readFileSync(join(root, "src/element", file), "utf8"))
      .join("\n");
    const { events, slots, cssParts, cssProperties } = declaration();

    expect(events.map(({ name }) => name).sort()).toEqual(
      [...new Set([...code.matchAll(/fire\(this, "([\w-]+)"/g)].map(([, name]) => name))].sort(),
    );

    const named = [...code.matchAll(/<slot name="(\w+)"/g)].map(([, name]) => name);
    expect(slots.map(({ name }) => name).sort()).toEqual(["", ...named].sort());

    const parts = [...code.matchAll(/[^:]part="([a-z ]+)/g)].flatMap(([, names]) => names!.trim().split(" "));
    const told = cssParts.flatMap(({ name, description }) => [
      name,
      ...[...(description ?? "").matchAll(/`(\w+)`/g)].map(([, other]) => other!),
    ]);
    for (const part of parts) expect(told).toContain(part);
    for (const { name } of cssParts) expect(parts).toContain(name);

    const styles = ["base", "text", "photo", "panels"].map((file) =>
      readFileSync(join(root, `src/element/styles/${file}.ts`), "utf8"),
    );
    const palette = ["per", "loc", "org", "other", "own-1", "on-ink"].map((name) => `--mner-qg-${name}`);
    const used = [...styles.join("\n").matchAll(/var\((--mner-qg-[\w-]+)/g)].map(([, name]) => name!);
    expect(cssProperties.map(({ name }) => name).sort()).toEqual([...new Set([...used, ...palette])].sort());
  });

  it("describes everything", () => {
    const { attributes, members, events, slots, cssParts, cssProperties } = declaration();
    for (const entry of [...attributes, ...members, ...events, ...slots, ...cssParts, ...cssProperties]) {
      expect(entry.description, entry.name).toBeTruthy();
    }
  });
});

describe("editor data and typings", () => {
  it("offers attributes with their values", () => {
    const [tag] = JSON.parse(read("vscode.html-custom-data.json")).tags;
    const loading = tag.attributes.find(({ name }: Named) => name === "loading");
    expect(loading.values).toEqual([{ name: "lazy" }, { name: "eager" }, { name: "manual" }]);
    expect(tag.description.value).toContain("mner-select");
    expect(read("vscode.css-custom-data.json")).toContain("::part(chip)");
  });

  it("types every property and event for every framework", () => {
    for (const framework of ["react", "preact", "vue", "svelte"]) {
      const typings = read(`typings/${framework}.d.ts`);
      for (const name of Object.keys(MnerQg.properties)) expect(typings, framework).toContain(`MnerQg["${name}"]`);
      for (const { name } of declaration().events) expect(typings, framework).toContain(`MnerEventMap["${name}"]`);
    }
  });
});
