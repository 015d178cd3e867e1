// Add-ons: a head over a tagger over a model, each by its hash, verified and stored like any model.
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { QUICK } from "../../test/support/load-test-tools.js";
import { MemoryCaches } from "../../test/support/memory-caches.js";
import { serve } from "../../test/support/serve.js";
import { writeTinyAddOns } from "../../test/support/tiny-add-ons.js";
import { UNCALIBRATED } from "./index.js";
import { type LoadOptions, loadModel } from "./load.js";
import { loadModelFolder } from "./node.js";

const UMT = "systems/umt";
let models: string;
let server: Awaited<ReturnType<typeof serve>>;

beforeEach(async () => {
  models = await mkdtemp(join(tmpdir(), "mner-add-ons-"));
  await writeTinyAddOns(models);
  server = await serve({ folders: { "/models": models } });
});
afterEach(async () => {
  await server.close();
  await rm(models, { recursive: true });
});

const address = (folder: string): string => `${server.origin}/models/${folder}/`;
const load = (folder: string, options: LoadOptions = {}) =>
  loadModel(address(folder), { caches: null, retry: QUICK, ...options });

/** Over http and from disk, one after the other. */
const bothWays = () => [() => load(UMT), () => loadModelFolder(join(models, UMT))];

async function spoil(file: string, change: (bytes: Uint8Array) => Uint8Array): Promise<void> {
  const path = join(models, file);
  await writeFile(path, change(new Uint8Array(await readFile(path))));
}

describe("an add-on", () => {
  it("is its own weights over its base's over that one's, over http as on disk", async () => {
    const [base, tagger, found, onDisk] = await Promise.all([
      load("mner-qg-mini"),
      load("systems/bert-crf"),
      load(UMT),
      loadModelFolder(join(models, UMT)),
    ]);
    for (const model of [found, onDisk]) {
      expect(model.manifest.system).toBe("umt");
      expect(model.manifest.tensors.some(({ name }) => name.startsWith("text_encoder."))).toBe(false);
      const name = "text_encoder.layers.1.attention.value.weight";
      expect(model.weights.read(name).values).toEqual(base.weights.read(name).values);
      expect(model.weights.read("tagger.weight").values).toEqual(tagger.weights.read("tagger.weight").values);
      expect(model.weights.has("text_encoder.layers.0.attention.query.low_rank.up")).toBe(true);
      expect(model.weights.shapeOf("head.gate.weight")).toEqual([16, 32]);
      expect([...model.tokenizerFiles.keys()]).toEqual([...base.tokenizerFiles.keys()]);
      model.weights.release();
      expect(() => model.weights.read(name)).toThrow(expect.objectContaining({ code: "disposed" }));
    }
  });

  it("is refused over another release of its base", async () => {
    await writeTinyAddOns(join(models, "newer"), "2.0.0");
    await spoil("mner-qg-mini/manifest.json", () => new Uint8Array());
    await writeFile(
      join(models, "mner-qg-mini/manifest.json"),
      await readFile(join(models, "newer/mner-qg-mini/manifest.json")),
    );
    for (const loading of bothWays()) {
      await expect(loading()).rejects.toMatchObject({
        code: "model-mismatch",
        message: expect.stringContaining("same version"),
      });
    }
  });

  it("says which folder is missing when its base is not there", async () => {
    await rm(join(models, "systems/bert-crf"), { recursive: true });
    for (const loading of bothWays()) {
      await expect(loading()).rejects.toMatchObject({
        code: "model-not-found",
        message: expect.stringContaining("../bert-crf/"),
      });
    }
  });

  it.each(["systems/umt/weights-0.bin", "systems/bert-crf/weights-0.bin", "mner-qg-mini/weights-1.bin"])(
    "is refused when %s is damaged",
    async (file) => {
      await spoil(file, (bytes) => bytes.map((byte, at) => (at === 10 ? byte ^ 1 : byte)));
      for (const loading of bothWays()) {
        await expect(loading()).rejects.toMatchObject({ code: "model-shard-corrupt" });
      }
    },
  );

  it("is kept on the device with its bases, each once, and comes from there without a connection", async () => {
    const caches = new MemoryCaches();
    const stored = { caches: caches.asCacheStorage() };
    await load("mner-qg-mini", stored);
    expect(caches.stores.size).toBe(1);
    expect((await load(UMT, stored)).source).toBe("network");
    expect(caches.stores.size).toBe(3);
    expect((await load(UMT, stored)).source).toBe("device");
    await server.close();
    const offline = await load(UMT, stored);
    expect([offline.source, offline.notices.map(({ code }) => code)]).toEqual(["device", ["model-from-device"]]);
    await expect(load("systems/umgf", stored)).rejects.toMatchObject({
      code: expect.stringMatching(/model-network|offline/),
    });
    server = await serve({ folders: { "/models": models } });
  });

  it("never leads round in circles, nor to another site", async () => {
    const path = join(models, UMT, "manifest.json");
    const manifest = JSON.parse(await readFile(path, "utf8"));
    for (const base of [
      "https://elsewhere.example/",
      "/etc/",
      "../../../../../x/",
      "..//x/",
      "./",
      "../a/../b/",
      "../%2e/",
    ]) {
      await writeFile(path, JSON.stringify({ ...manifest, base: { ...manifest.base, path: base } }));
      await expect(load(UMT), base).rejects.toMatchObject({ code: "model-manifest-invalid" });
    }
    await writeFile(
      path,
      JSON.stringify({ ...manifest, calibration: UNCALIBRATED, base: { ...manifest.base, path: "../umt/" } }),
    );
    await expect(load(UMT)).rejects.toMatchObject({ code: expect.stringMatching(/model-m/) });
    await expect(loadModelFolder(join(models, UMT))).rejects.toMatchObject({ code: "model-manifest-invalid" });
  });
});
