// A page downloads the code of the one system that its model's manifest names, and of no other.
import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, expect, it } from "vitest";
import { systemNames } from "../../src/systems/index.js";
import { type EngineSite, openSite } from "../support/engine-site.js";
import { makeTinyModel, writeFolder } from "../support/tiny-model.js";
import type * as analyzerPage from "./analyzer-page.js";

const SYSTEMS = fileURLToPath(new URL("../../src/systems/", import.meta.url));
let site: EngineSite;
let models: string;

beforeAll(async () => {
  models = await mkdtemp(join(tmpdir(), "mner-qg-models-"));
  await writeFolder(join(models, "tiny"), await makeTinyModel());
  site = await openSite({ entries: { analyzer: "test/engine/analyzer-page.ts" }, folders: { "/models": models } });
});

afterAll(async () => {
  await site?.close();
  await rm(models, { recursive: true });
});

it("a page with a model of mner-qg fetches no other system", async () => {
  const page = await site.open("analyzer");
  await page.evaluate(() => {
    const { entry } = globalThis as unknown as { entry: typeof analyzerPage };
    return entry.session({ model: "/models/tiny/", backend: "wasm" }, [{ text: "John in Paris", photo: [50, 50] }]);
  });
  const fetched = site.requests.flatMap((path) => site.modules.get(path.slice(1)) ?? []);
  const systems = systemNames.filter((name) => fetched.some((module) => module.startsWith(`${SYSTEMS}${name}/`)));
  expect(systems).toEqual(["mner-qg"]);
});

it("every folder of a system is one that the registry knows, in chunks of its own", async () => {
  const folders = await readdir(SYSTEMS, { recursive: true });
  const systems = folders.filter((path) => path.endsWith("/system.ts")).map((path) => path.split("/")[0]!);
  expect(systems.sort()).toEqual([...systemNames].sort());
  for (const name of systems) {
    const chunks = [...site.modules.values()].filter((modules) => modules.includes(`${SYSTEMS}${name}/system.ts`));
    expect(chunks, name).toHaveLength(1);
    for (const other of systems.filter((one) => one !== name)) {
      expect(chunks[0]!.some((module) => module.startsWith(`${SYSTEMS}${other}/`))).toBe(false);
    }
  }
});
