// The package in an empty Node project: as a library, as a command, and imported where there is no page.
import { afterAll, beforeAll, describe, expect, inject, it } from "vitest";
import { makeProject, type Project } from "./support/project.js";

const library = `
import { createAnalyzer } from "mner-qg/node";
const analyzer = await createAnalyzer();
const text = "The governor of Texas met John Smith in Paris.";
const { entities, backend, queries } = await analyzer.analyze({ text });
analyzer.dispose();
console.log(JSON.stringify({ backend, types: queries.map(({ type }) => type), wrong: entities.filter((e) => e.text !== text.slice(e.start, e.end)) }));
`;
const elsewhere = `
const element = await import("mner-qg/element");
const engine = await import("mner-qg");
console.log(JSON.stringify([typeof element.MnerQg, typeof engine.createAnalyzer, typeof customElements]));
`;
const tweets = ["One day in Paris.", "John Smith was there."].map((text, id) => JSON.stringify({ id: `t${id}`, text }));

let project: Project;
beforeAll(async () => {
  project = await makeProject(inject("packed"), {
    "library.mjs": library,
    "elsewhere.mjs": elsewhere,
    "tweets.jsonl": `${tweets.join("\n")}\n`,
  });
});
afterAll(() => project.remove());

describe("an empty Node project", () => {
  it("analyses a text with the model that came along", () => {
    const { backend, types, wrong } = JSON.parse(project.run("node", "library.mjs"));
    expect(backend).toBe("wasm");
    expect(types).toEqual(["PER", "LOC", "ORG", "OTHER"]);
    expect(wrong).toEqual([]);
  });

  it("may import what is meant for pages", () => {
    expect(JSON.parse(project.run("node", "elsewhere.mjs"))).toEqual(["function", "function", "undefined"]);
  });

  it("has the command, with threads", () => {
    expect(project.run("npx", "--offline", "mner-qg", "--version")).toBe("0.1.0\n");
    const parameters = ["annotate", "tweets.jsonl", "--out", "found.jsonl", "--jobs", "2"];
    project.run("npx", "--offline", "mner-qg", ...parameters);
    const found = project.run("node", "-p", "require('fs').readFileSync('found.jsonl', 'utf8')").trim().split("\n");
    expect(found.map((line) => JSON.parse(line).id)).toEqual(["t0", "t1"]);
  });
});
