// The README's example of an own question, asked of the shipped model as it stands there.
import { existsSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { afterAll, describe, expect, it } from "vitest";
import { createAnalyzer, type NodeAnalyzeRequest, type NodeAnalyzer } from "../../src/engine/node.js";

const root = new URL("../../", import.meta.url);
const MODEL = fileURLToPath(new URL("public/models/mner-qg-mini", root));

/** The object in the one line of the README that asks an own question. */
function exampleOf(readme: string): NodeAnalyzeRequest {
  const written = /analyzer\.analyze\((\{ text: .*queries: .*\})\);/.exec(readme)?.[1];
  if (!written) throw new Error("README.md asks no own question.");
  return JSON.parse(written.replace(/([{,] )(\w+):/g, '$1"$2":')) as NodeAnalyzeRequest;
}

describe.skipIf(!existsSync(`${MODEL}/manifest.json`))("the README's own question", { timeout: 300_000 }, () => {
  let analyzer: NodeAnalyzer | null = null;
  afterAll(() => analyzer?.dispose());

  it("finds what it asks for, and says so of the question", async () => {
    const example = exampleOf(readFileSync(new URL("README.md", root), "utf8"));
    const [asked] = example.queries!;
    analyzer = await createAnalyzer({ model: MODEL });
    const { entities, queries } = await analyzer.analyze(example);
    const found = entities.filter(({ type }) => type === asked!.label).map(({ text }) => text);
    expect(found).toEqual(["Paris", "Berlin"]);
    expect(queries.find(({ type }) => type === asked!.label)!.exists).toBeGreaterThan(0.5);
  });
});
