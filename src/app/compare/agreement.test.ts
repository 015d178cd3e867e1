import { describe, expect, it } from "vitest";
import type { AnalysisResult } from "../../core/results.js";
import { compareWords } from "./agreement.js";

const text = "Ada met Bob in New York City";
function result(...names: readonly [string, string][]): AnalysisResult {
  const entities = names.map(([name, type]) => {
    const start = text.indexOf(name);
    return { start, end: start + name.length, text: name, type, score: 1, region: null };
  });
  return { text, entities } as unknown as AnalysisResult;
}

describe("compareWords", () => {
  it("marks word by word where systems agree, differ in type, in extent, or one finds nothing", () => {
    const words = compareWords(text, [
      result(["Ada", "PER"], ["Bob", "PER"], ["New York", "LOC"]),
      result(["Ada", "PER"], ["Bob", "ORG"], ["New York City", "LOC"]),
    ]);
    expect(words.map(({ text, agreed }) => [text, agreed])).toEqual([
      ["Ada", true],
      ["Bob", false],
      ["New", false],
      ["York", false],
      ["City", false],
    ]);
    expect(words.at(-1)?.tags.map((tag) => tag?.text ?? null)).toEqual([null, "New York City"]);
  });

  it("takes the outermost of nested names, and has nothing to say without names", () => {
    const nested = result(["New York", "ORG"], ["New York City", "LOC"]);
    expect(compareWords(text, [nested])[0]?.tags[0]?.type).toBe("LOC");
    expect(compareWords(text, [result(), result()])).toEqual([]);
  });
});
