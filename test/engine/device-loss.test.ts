// A GPU that is taken away in the middle of a run: the right result must come all the same, and the reader must be told.
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type EngineSite, openSite } from "../support/engine-site.js";
import { makeTinyModel, writeFolder } from "../support/tiny-model.js";
import type * as analyzerPage from "./analyzer-page.js";

const text = "Ana Lima met John in New York and Paris";
let site: EngineSite;
let models: string;

beforeAll(async () => {
  models = await mkdtemp(join(tmpdir(), "mner-qg-models-"));
  await writeFolder(join(models, "tiny"), await makeTinyModel());
  site = await openSite({
    entries: { analyzer: "test/engine/analyzer-page.ts" },
    folders: { "/models": models },
    gpu: true,
  });
});

afterAll(async () => {
  await site?.close();
  await rm(models, { recursive: true });
});

/** Software shaders compile slowly, and a new device compiles them anew. */
const SLOW_MS = 600_000;

describe("a GPU lost in the middle of a run", { timeout: SLOW_MS }, () => {
  it.each([
    ["webgpu", 1, "webgpu"],
    ["webgl", 1, "webgl"],
    ["webgl", 2, "wasm"],
  ] as const)("%s, %s time(s): ends on %s with the same result", async (backend, times, endsOn) => {
    const page = await site.open("analyzer");
    const { before, during, after, notices, tensors } = await page.evaluate(
      ([name, given, count]) => {
        const { entry } = globalThis as unknown as { entry: typeof analyzerPage };
        return entry.loseDevice({ model: "/models/tiny/", backend: name }, given, [80, 60], count);
      },
      [backend, text, times] as const,
    );
    await page.close();
    expect(before.backend).toBe(backend);
    // The second loss comes while the new device is being tested: it is passed over like any that does not work.
    expect(notices).toEqual(["device-lost", "backend-fallback"].slice(0, times));
    expect(during.backend).toBe(endsOn);
    expect(during.notices.some(({ code }) => code === "device-lost")).toBe(true);
    expect(after.notices.some(({ code }) => code === "device-lost")).toBe(false);
    for (const result of [during, after]) {
      expect(result.entities.map(({ start, end, type }) => [start, end, type])).toEqual(
        before.entities.map(({ start, end, type }) => [start, end, type]),
      );
      result.queries.forEach(({ exists, notInPhoto }, index) => {
        expect(exists).toBeCloseTo(before.queries[index]!.exists, 3);
        expect(notInPhoto).toBeCloseTo(before.queries[index]!.notInPhoto, 3);
      });
    }
    expect(tensors[1]).toBe(tensors[0]);
  });
});
