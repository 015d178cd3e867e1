// Programs for a GPU are compiled side by side before the self-test, and the progress figure shows it.
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { type EngineSite, openSite } from "../support/engine-site.js";
import { makeTinyModel, writeFolder } from "../support/tiny-model.js";
import type * as analyzerPage from "./analyzer-page.js";

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

it("compiles every pipeline of the self-test side by side", { timeout: 600_000 }, async () => {
  const page = await site.open("analyzer");
  const { backend, started, compiling, exists } = await page.evaluate(() => {
    const { entry } = globalThis as unknown as { entry: typeof analyzerPage };
    return entry.countPipelines("/models/tiny/", "Ana Lima met John in Paris");
  });
  await page.close();
  expect(backend).toBe("webgpu");
  expect(started.later).toBeGreaterThan(10);
  // The self-test itself, which follows, finds them all.
  expect(started.atOnce).toBe(0);
  expect(compiling.length).toBeGreaterThan(5);
  expect(compiling).toEqual([...compiling].sort((one, other) => one - other));
  expect(compiling[0]).toBeCloseTo(0.85, 5);
  expect(compiling.at(-1)).toBeCloseTo(0.95, 5);
  expect(exists.every((value) => value > 0 && value < 1)).toBe(true);
});
