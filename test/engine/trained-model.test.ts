// The shipped weights on tweets and photos of our own: the engine must find what the PyTorch reference finds with the same
// 8-bit weights (test/fixtures/tweets-read.json, written by training/predict.py).
import { readFile } from "node:fs/promises";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { intersectionOverUnion } from "../../src/core/geometry.js";
import { createAnalyzer, type NodeAnalyzer } from "../../src/engine/node.js";

type Box = [number, number, number, number];

interface Reference {
  readonly model: string;
  readonly tweets: readonly {
    readonly text: string;
    readonly image: string | null;
    readonly entities: readonly {
      start: number;
      end: number;
      text: string;
      type: string;
      score: number;
      box: Box | null;
    }[];
    readonly queries: readonly { type: string; exists: number; box: Box | null; notInPhoto: number }[];
  }[];
}

const fixture = new URL("../fixtures/tweets-read.json", import.meta.url);
const reference: Reference = JSON.parse(await readFile(fixture, "utf8"));
let analyzer: NodeAnalyzer;

beforeAll(async () => {
  analyzer = await createAnalyzer({ model: new URL("../../public/models/mner-qg-mini/", import.meta.url) });
});

afterAll(() => analyzer?.dispose());

describe("the shipped weights", () => {
  it("are the release that the reference was read with", () => {
    expect(analyzer.model.version).toBe(reference.model);
  });

  it.each(reference.tweets)("finds what PyTorch finds: $text", async ({ text, image, entities, queries }) => {
    const photo = image === null ? null : new URL(`../../public/examples/${image}`, import.meta.url);
    const result = await analyzer.analyze({ text, image: photo });
    expect(result.entities.map(({ start, end, text: name, type }) => ({ start, end, text: name, type }))).toEqual(
      entities.map(({ start, end, text: name, type }) => ({ start, end, text: name, type })),
    );
    for (const [index, entity] of result.entities.entries()) {
      expect(entity.score).toBeCloseTo(entities[index]!.score, 3);
      expectSamePlace(entity.region?.box ?? null, entities[index]!.box);
    }
    for (const [index, query] of result.queries.entries()) {
      expect(query.exists).toBeCloseTo(queries[index]!.exists, 3);
      expect(query.notInPhoto).toBeCloseTo(queries[index]!.notInPhoto, 2);
    }
  });
});

function expectSamePlace(found: readonly number[] | null, wanted: Box | null): void {
  if (found === null || wanted === null) expect(found).toBe(wanted);
  else expect(intersectionOverUnion(found as unknown as Box, wanted)).toBeGreaterThanOrEqual(0.99);
}
