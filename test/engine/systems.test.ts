// Every system in Chromium as an add-on: asked, switched, offline, damaged, without its base.
import { mkdtemp, readFile, rename, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type EngineSite, openSite } from "../support/engine-site.js";
import { ADD_ONS, writeTinyAddOns } from "../support/tiny-add-ons.js";
import type * as analyzerPage from "./analyzer-page.js";

type PageEntry = { entry: typeof analyzerPage };

const EVIDENCE: Readonly<Record<string, string | null>> = {
  "bert-crf": null,
  "basic-model": "gate",
  "mm-ner-model": "heat",
  umt: "gate",
  umgf: "graph",
  "prompt-mner": "clues",
  mqspn: "slots",
};
const text = "John met Ana Lima in New York and Paris";
const address = (system: string): string => `/models/systems/${system}/`;
let site: EngineSite;
let models: string;

beforeAll(async () => {
  models = await mkdtemp(join(tmpdir(), "mner-qg-systems-"));
  await writeTinyAddOns(models);
  site = await openSite({ entries: { analyzer: "test/engine/analyzer-page.ts" }, folders: { "/models": models } });
});

afterAll(async () => {
  await site?.close();
  await rm(models, { recursive: true });
});

const session = (page: Page, model: string, photo?: [number, number]) =>
  page.evaluate(
    ([folder, given, size]) =>
      (globalThis as unknown as PageEntry).entry.session({ model: folder, backend: "wasm" }, [
        { text: given },
        ...(size ? [{ text: given, photo: size }] : []),
      ]),
    [model, text, photo] as const,
  );

/** The code that making an analyser and asking it once ends with; null when all is well. */
const codeOf = (page: Page, model: string, own = false) =>
  page.evaluate(
    async ([folder, given, asks]) => {
      const { entry } = globalThis as unknown as PageEntry;
      const made = await entry.outcomeOf(entry.createAnalyzer({ model: folder, backend: "wasm" }));
      if (made.value === null) return [made.code, made.message];
      const queries = asks ? [{ label: "DOG", query: "dogs" }] : [];
      const { code, message } = await entry.outcomeOf(made.value.analyze({ text: given, queries }));
      made.value.dispose();
      return [code, message];
    },
    [model, text, own] as const,
  );

describe("systems in Chromium", () => {
  it("fetches no add-on where only MNER-QG is asked", async () => {
    const page = await site.open("analyzer");
    const asked: string[] = [];
    page.on("request", (request) => asked.push(new URL(request.url()).pathname));
    const { results } = await session(page, "/models/mner-qg-mini/", [90, 60]);
    await page.close();
    expect(results[1]!.evidence).toEqual({ kind: "queries" });
    expect(asked.some((path) => path.startsWith("/models/mner-qg-mini/"))).toBe(true);
    expect(asked.filter((path) => path.includes("/systems/"))).toEqual([]);
  });

  it.each(ADD_ONS)(
    "%s answers alone and with a photo, says what it looked at, and refuses own questions",
    async (system) => {
      const page = await site.open("analyzer");
      const { results, notices } = await session(page, address(system), [90, 60]);
      const [alone, seen] = results;
      expect(notices).toEqual([]);
      expect([alone!.system, alone!.evidence]).toEqual([system, null]);
      expect(alone!.queries).toHaveLength(4);
      expect(seen!.evidence?.kind ?? null).toBe(EVIDENCE[system]);
      for (const { start, end, text: name } of [...alone!.entities, ...seen!.entities])
        expect(text.slice(start, end)).toBe(name);
      const { evidence, entities } = seen!;
      if (evidence && "entities" in evidence) expect(evidence.entities).toHaveLength(entities.length);
      if (evidence?.kind === "clues")
        expect(evidence.clues.reduce((sum, { weight }) => sum + weight, 0)).toBeCloseTo(1, 4);
      if (evidence?.kind === "graph") {
        expect(evidence.nodes.map(({ label }) => label)).toEqual(["PER", "LOC", "ORG", "OTHER"]);
        for (const { region } of evidence.nodes) expect(region.box[2]).toBeLessThanOrEqual(90);
      }
      if (system === "mqspn") {
        expect(entities.length).toBeGreaterThan(0);
        for (const { notInPhoto, region } of entities) {
          expect(notInPhoto).toBeGreaterThanOrEqual(0);
          if (region) expect(region.score).toBeGreaterThan(notInPhoto!);
        }
      }
      const [code, message] = await codeOf(page, address(system), true);
      await page.close();
      expect([code, message]).toEqual(["query-invalid", expect.stringContaining(system)]);
    },
  );

  it("without a photo gives BERT+CRF's names and scores to the last bit", async () => {
    const page = await site.open("analyzer");
    const plain = (await session(page, address("bert-crf"))).results[0]!;
    expect(plain.entities.length).toBeGreaterThan(0);
    for (const system of ["basic-model", "mm-ner-model", "umt", "umgf"]) {
      const { entities, queries } = (await session(page, address(system))).results[0]!;
      expect({ entities, queries }, system).toEqual({ entities: plain.entities, queries: plain.queries });
    }
    await page.close();
  });

  it("keeps an add-on that was used once for when there is no connection", async () => {
    const page = await site.open("analyzer");
    await session(page, address("umt"));
    await page.context().setOffline(true);
    const { results, notices } = await session(page, address("umt"), [90, 60]);
    expect(results[1]!.evidence?.kind).toBe("gate");
    expect(notices.map(({ code }) => code)).toEqual(["model-from-device"]);
    expect((await codeOf(page, address("mm-ner-model")))[0]).toBe("offline");
    await page.context().setOffline(false);
    await page.close();
  });

  it("refuses a damaged add-on, and one whose base is missing, and says so", async () => {
    const shard = join(models, "systems/umgf/weights-0.bin");
    const sound = await readFile(shard);
    await writeFile(
      shard,
      sound.map((byte, at) => (at === 5 ? byte ^ 1 : byte)),
    );
    const page = await site.open("analyzer");
    await page.evaluate(async () => {
      for (const name of await caches.keys()) await caches.delete(name);
    });
    expect((await codeOf(page, address("umgf")))[0]).toBe("model-shard-corrupt");
    await writeFile(shard, sound);
    await rename(join(models, "systems/bert-crf"), join(models, "away"));
    expect(await codeOf(page, address("umgf"))).toEqual(["model-not-found", expect.stringContaining("../bert-crf/")]);
    await rename(join(models, "away"), join(models, "systems/bert-crf"));
    expect((await codeOf(page, address("umgf")))[0]).toBeNull();
    await page.close();
  });

  it("leaves no tensor behind in a hundred switches", async () => {
    const page = await site.open("analyzer");
    const left = await page.evaluate(
      (folders) => (globalThis as unknown as PageEntry).entry.switchSystems(folders, 100),
      ["/models/mner-qg-mini/", ...ADD_ONS.map(address)],
    );
    await page.close();
    expect(left).toHaveLength(100);
    expect(new Set(left)).toEqual(new Set([0]));
  });
});
