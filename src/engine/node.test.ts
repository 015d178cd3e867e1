// The whole engine in Node, on real files: a tiny model folder, wasm, texts and photos.
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { memory } from "@tensorflow/tfjs-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { makeTinyModel, writeFolder } from "../../test/support/tiny-model.js";
import { type AnalysisResult, createAnalyzer, type NodeAnalyzer } from "./node.js";

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
    expect(analyzer.model).toMatchObject({
      name: "tiny",
      version: "1.0.0",
      threshold: 0,
      system: "mner-qg",
      capabilities: { ownQueries: true },
    });
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
    expect(result.system).toBe("mner-qg");
    expect(result.timings.network).toBeGreaterThan(0);
  });

  it("tells what it has found of a long text before it has read it all", async () => {
    const long = `${text}. `.repeat(60);
    const seen: { entities: AnalysisResult["entities"]; fraction: number }[] = [];
    const result = await analyzer.analyze({
      text: long,
      nested: true,
      onPartial: (partial, fraction) => {
        expect(structuredClone(partial)).toEqual(partial);
        expect(partial.text).toBe(long);
        seen.push({ entities: partial.entities, fraction });
      },
    });
    expect(seen.length).toBeGreaterThan(1);
    const fractions = seen.map(({ fraction }) => fraction);
    expect(fractions).toEqual([...fractions].sort((one, other) => one - other));
    expect(fractions[0]).toBeGreaterThan(0);
    expect(fractions.at(-1)).toBeLessThan(1);
    // What stands well before the end of what is read is as it will be. Scores still rise with a surer window, and with them,
    // in a network of random weights, which of two that overlap is taken.
    const at = ({ start, end, type }: AnalysisResult["entities"][number]) => `${start}-${end}-${type}`;
    for (const { entities } of seen) {
      const reached = Math.max(...entities.map(({ end }) => end));
      const early = (list: AnalysisResult["entities"]) => list.filter(({ end }) => end < reached * 0.7).map(at);
      const final = new Set(early(result.entities));
      expect(early(entities).length).toBeGreaterThan(0);
      expect(early(entities).filter((one) => final.has(one)).length).toBeGreaterThan(0.9 * final.size);
    }
    const reaches = seen.map(({ entities }) => Math.max(...entities.map(({ end }) => end)) / long.length);
    reaches.forEach((reach, index) => {
      expect(Math.abs(reach - seen[index]!.fraction)).toBeLessThan(0.15);
    });
    const whole = await analyzer.analyze({ text: long, nested: true });
    expect(whole.entities).toEqual(result.entities);
  });

  it("does not call for a text that is read at once", async () => {
    let calls = 0;
    await analyzer.analyze({ text, onPartial: () => calls++ });
    expect(calls).toBe(0);
  });

  it("stops what takes longer than it may, and goes on", async () => {
    const dots = "?!.,;:-(".repeat(700);
    const slow = analyzer.analyze({ text: dots, timeout: 50 });
    await expect(slow).rejects.toMatchObject({ code: "too-slow" });
    expect((await analyzer.analyze({ text, timeout: 30_000 })).queries).toHaveLength(4);
    for (const timeout of [0, -1, Number.NaN, 2 ** 31]) {
      await expect(analyzer.analyze({ text, timeout })).rejects.toMatchObject({ code: "option-invalid" });
    }
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

  it("looks for names in a photo, and knows it again", async () => {
    const [width, height] = [90, 60];
    const data = Uint8Array.from({ length: width * height * 4 }, (_, at) => (at % 4 === 3 ? 255 : (at * 7) % 251));
    const image = { width, height, data };
    const first = await analyzer.analyze({ text, image });
    expect(first.image).toEqual({ width, height });
    expect(first.timings.imageTrunk).toBeGreaterThan(0);
    for (const { region, alternatives, notInPhoto, attention, imageRelevance } of first.queries) {
      for (const { box, score } of [...(region ? [region] : []), ...alternatives]) {
        expect(box[0]).toBeGreaterThanOrEqual(0);
        expect(box[3]).toBeLessThanOrEqual(height);
        expect(score).toBeLessThanOrEqual(1 - notInPhoto);
      }
      expect(attention!.cells).toHaveLength(attention!.columns * attention!.rows);
      expect(imageRelevance).toBeGreaterThan(0);
    }
    const again = await analyzer.analyze({ text, image });
    expect(again.timings.imageTrunk).toBe(0);
    expect(again.queries).toEqual(first.queries);
  });

  it("asks every window of a long text, and has one answer per query", async () => {
    const long = `${"the ".repeat(200)}John`;
    const result = await analyzer.analyze({ text: long, nested: true });
    expect(result.queries).toHaveLength(4);
    expect(result.entities.some(({ end }) => end > long.length / 2)).toBe(true);
  });

  it.each([
    ["text-empty", { text: " \n" }],
    ["text-invalid", { text: 5 as unknown as string }],
    ["query-invalid", { text, queries: [{ label: "", query: "dogs" }] }],
    ["query-invalid", { text, onlyQueries: true }],
    ["option-invalid", { text, threshold: 2 }],
    ["image-unreadable", { text, image: "/no/such/photo.png", strictPhoto: true }],
    ["image-unsupported", { text, image: new Uint8Array(12).fill(7), strictPhoto: true }],
    ["aborted", { text, signal: AbortSignal.abort() }],
  ] as const)("fails with %s and stays usable", async (code, request) => {
    await expect(analyzer.analyze(request)).rejects.toMatchObject({ code });
    expect((await analyzer.analyze({ text: "John" })).queries).toHaveLength(4);
  });

  it.each([
    ["image-unreadable", "/no/such/photo.png"],
    ["image-unsupported", new Uint8Array(12).fill(7)],
  ])("finds the names without a photo that is %s, and says so", async (code, image) => {
    const result = await analyzer.analyze({ text, image });
    expect(result.notices.map((notice) => notice.code)).toEqual([code]);
    expect(result.image).toBeNull();
    expect(result.entities).toEqual((await analyzer.analyze({ text })).entities);
  });

  it("refuses a backend that is not there, and a folder that is none", async () => {
    await expect(createAnalyzer({ model: folder, backend: "gpu" as "cpu" })).rejects.toMatchObject({
      code: "option-invalid",
    });
    await expect(createAnalyzer({ model: folder, backend: "webgpu" })).rejects.toMatchObject({
      code: "backend-unavailable",
    });
    await expect(createAnalyzer({ model: join(folder, "none") })).rejects.toMatchObject({ code: "model-not-found" });
  });

  it("can be given up while it loads, and be asked for again", async () => {
    const other = await mkdtemp(join(tmpdir(), "mner-qg-"));
    await writeFolder(other, await makeTinyModel());
    const controller = new AbortController();
    const stages: string[] = [];
    const onProgress = ({ stage }: { stage: string }): void => {
      stages.push(stage);
      if (stage === "compile") controller.abort();
    };
    const given = createAnalyzer({ model: other, signal: controller.signal, onProgress });
    await expect(given).rejects.toMatchObject({ code: "aborted" });
    expect(stages).not.toContain("ready");
    const again = await createAnalyzer({ model: other });
    expect((await again.analyze({ text })).queries).toHaveLength(4);
    again.dispose();
    await rm(other, { recursive: true });
  });

  it("ends what is waiting when it is disposed of, and lets others go on", async () => {
    const other = await createAnalyzer({ model: folder });
    const mine = other.analyze({ text });
    const theirs = analyzer.analyze({ text });
    other.dispose();
    await expect(mine).rejects.toMatchObject({ code: "disposed" });
    await expect(other.analyze({ text })).rejects.toMatchObject({ code: "disposed" });
    expect((await theirs).queries).toHaveLength(4);
  });
});
