// The whole engine in Node, on real files: a tiny model folder, wasm, texts and photos.
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { memory } from "@tensorflow/tfjs-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { makeTinyModel, writeFolder } from "../../test/support/tiny-model.js";
import { createAnalyzer, type NodeAnalyzer } from "./node.js";

/** The first import of a backend is compiled on the way, which takes its time on a busy machine. */
const LOADING_MS = 60_000;
const text = "Ana Lima met John in New York \u{1F600} and Paris";
let folder: string;
let analyzer: NodeAnalyzer;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "mner-qg-"));
  await writeFolder(folder, await makeTinyModel());
  analyzer = await createAnalyzer({ model: folder });
}, LOADING_MS);

afterAll(async () => {
  analyzer?.dispose();
  await rm(folder, { recursive: true });
});

describe("createAnalyzer in Node", { timeout: LOADING_MS }, () => {
  it("says what it is", () => {
    expect(analyzer.backend).toBe("wasm");
    expect(analyzer.model).toMatchObject({ name: "tiny", version: "1.0.0", threshold: 0 });
    expect(analyzer.model.queries.map(({ label }) => label)).toEqual(["PER", "LOC", "ORG", "OTHER"]);
  });

  it("finds names that are exactly in the text", async () => {
    const result = await analyzer.analyze({ text, nested: true });
    expect(result.entities.length).toBeGreaterThan(0);
    for (const { start, end, text: name, score, region } of result.entities) {
      expect(text.slice(start, end)).toBe(name);
      expect(score).toBeGreaterThan(0);
      expect(region).toBeNull();
    }
    expect(result.queries).toHaveLength(4);
    expect(result.image).toBeNull();
    expect(result.timings.network).toBeGreaterThan(0);
  });

  it("keeps memory flat", async () => {
    await analyzer.analyze({ text });
    const { numTensors } = memory();
    for (let run = 0; run < 20; run++) await analyzer.analyze({ text: text.slice(0, 5 + run) });
    expect(memory().numTensors).toBe(numTensors);
  });

  it("asks other questions, added or instead", async () => {
    const queries = [{ label: "DOG", query: "dogs" }];
    const added = await analyzer.analyze({ text, queries });
    expect(added.queries.map(({ type }) => type)).toEqual(["PER", "LOC", "ORG", "OTHER", "DOG"]);
    const only = await analyzer.analyze({ text, queries, onlyQueries: true });
    expect(only.queries.map(({ type }) => type)).toEqual(["DOG"]);
  });
});
