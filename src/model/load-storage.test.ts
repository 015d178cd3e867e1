// Loading with storage: one release at a time, verified again at every use, and never a condition.
import { beforeEach, describe, expect, it } from "vitest";
import { exampleFolder, type Fault, startServer } from "../../test/support/faulty-server.js";
import { expectWhole, IMPATIENT, QUICK, status, useServer } from "../../test/support/load-test-tools.js";
import { MemoryCaches } from "../../test/support/memory-caches.js";
import { isModelStored } from "../../test/support/stored-models.js";
import { MnerError } from "../core/mner-error.js";
import { type LoadOptions, loadModel } from "./load.js";
import type { ModelManifest } from "./manifest-types.js";
import { sha256 } from "./sha256.js";

const harness = useServer();

describe("storage", () => {
  let caches: MemoryCaches;
  const stored = (options: LoadOptions = {}): ReturnType<typeof loadModel> =>
    harness.load({ caches: caches.asCacheStorage(), ...options });

  beforeEach(() => {
    caches = new MemoryCaches();
  });

  it("serves the second load, which asks only for the manifest", async () => {
    expect(await isModelStored(harness.server.url, { caches: caches.asCacheStorage() })).toBe(false);
    await stored();
    expect(await isModelStored(harness.server.url, { caches: caches.asCacheStorage() })).toBe(true);
    harness.server.requests.length = 0;
    const model = await stored();
    expectWhole(model);
    expect(model.source).toBe("device");
    expect(harness.server.requests).toEqual(["manifest.json"]);
  });

  it("serves a load without any connection, and says so", async () => {
    await stored();
    const { url } = harness.server;
    await harness.server.stop();
    const model = await loadModel(url, { caches: caches.asCacheStorage(), retry: QUICK });
    expectWhole(model);
    expect(model.notices.map(({ code }) => code)).toEqual(["model-from-device"]);
  });

  it.each([
    ["500", status(500)],
    ["a sign-in page", (_: unknown, response: Parameters<Fault>[1]) => Boolean(response.end("<html>Sign in</html>"))],
    ["silence", () => true],
  ] as [string, Fault][])("serves a load whose server answers with %s", async (_, fault) => {
    await stored();
    harness.server.faults.set("manifest.json", fault);
    expectWhole(await stored({ retry: IMPATIENT }));
  });

  it("does not hide that a model was taken away", async () => {
    await stored();
    harness.server.faults.set("manifest.json", status(404));
    await expect(stored()).rejects.toMatchObject({ code: "model-not-found" });
  });

  it("is checked: a damaged file is fetched again and healed", async () => {
    await stored();
    const { store, url } = caches.find("weights-3.bin")!;
    store.get(url)![10]! ^= 1;
    harness.server.requests.length = 0;
    expectWhole(await stored());
    expect([...harness.server.requests].sort()).toEqual(["manifest.json", "weights-3.bin"]);
    harness.server.requests.length = 0;
    expectWhole(await stored());
    expect(harness.server.requests).toEqual(["manifest.json"]);
  });

  it.each([
    ["of a newer format", (manifest: Record<string, unknown>) => ({ ...manifest, formatVersion: 99 })],
    ["for a system not known here", (manifest: Record<string, unknown>) => ({ ...manifest, system: "later" })],
  ])("takes a stored manifest %s for absent, and is healed by the server's", async (_, change) => {
    await stored();
    const [[name, store]] = [...caches.stores] as [[string, Map<string, Uint8Array>]];
    const { url } = caches.find("manifest.json")!;
    const newer = change(JSON.parse(new TextDecoder().decode(store.get(url)!)));
    const bytes = new TextEncoder().encode(JSON.stringify(newer));
    store.set(url, bytes);
    caches.stores.delete(name);
    caches.stores.set(name.replace(/[^/]*$/, await sha256(bytes)), store as never);
    const accept = async ({ system }: ModelManifest): Promise<void> => {
      if (system !== "mner-qg") throw new MnerError("model-version-unsupported", "not known");
    };
    expectWhole(await stored({ accept }));
    expectWhole(await stored({ accept }));
  });

  it("fetches nothing of a model that the caller cannot use", async () => {
    const accept = () => Promise.reject(new MnerError("model-version-unsupported", "not known"));
    await expect(stored({ accept })).rejects.toMatchObject({ code: "model-version-unsupported" });
    expect(harness.server.requests).toEqual(["manifest.json"]);
  });

  it("does not serve a damaged manifest", async () => {
    await stored();
    const { store, url } = caches.find("manifest.json")!;
    const text = new TextDecoder().decode(store.get(url)!).replace('"dev F1": 0.5', '"dev F1": 0.9');
    store.set(url, new TextEncoder().encode(text));
    expect(await isModelStored(harness.server.url, { caches: caches.asCacheStorage() })).toBe(false);
  });

  it("keeps what a failed load had, and the next one gets only the rest", async () => {
    harness.server.faults.set("weights-4.bin", status(404));
    await expect(stored({ concurrency: 1 })).rejects.toMatchObject({ code: "model-shard-missing" });
    expect(await isModelStored(harness.server.url, { caches: caches.asCacheStorage() })).toBe(false);
    harness.server.faults.clear();
    harness.server.requests.length = 0;
    expectWhole(await stored());
    expect([...harness.server.requests].sort()).toEqual(["manifest.json", "weights-4.bin"]);
  });

  it("replaces a release only once the next one is whole", async () => {
    await stored();
    for (const [name, bytes] of await exampleFolder(4, "2.0.0")) harness.server.files.set(name, bytes);
    harness.server.faults.set("weights-4.bin", status(404));
    await expect(stored()).rejects.toMatchObject({ code: "model-shard-missing" });
    expect(await isModelStored(harness.server.url, { caches: caches.asCacheStorage() })).toBe(true);
    expect(caches.stores.size).toBe(2);
    harness.server.faults.clear();
    expectWhole(await stored(), 4);
    expect([...caches.stores.keys()]).toEqual([expect.stringContaining("/2.0.0/")]);
  });

  it("uses the whole old release when the new one cannot be had now", async () => {
    await stored();
    for (const [name, bytes] of await exampleFolder(4, "2.0.0")) harness.server.files.set(name, bytes);
    harness.server.faults.set("weights-4.bin", (request) => Boolean(request.socket.destroy()));
    const model = await stored();
    expect(model.manifest.version).toBe("1.0.0");
    expectWhole(model);
    expect(model.notices.map(({ code }) => code)).toEqual(["model-from-device"]);
  });

  it("keeps two versions at two addresses", async () => {
    await stored();
    const other = await startServer(await exampleFolder(5, "3.0.0"));
    await loadModel(other.url, { caches: caches.asCacheStorage(), retry: QUICK });
    expect(caches.stores.size).toBe(2);
    await other.stop();
  });

  it.each([
    ["full", "QuotaExceededError", "storage-full"],
    ["forbidden", "SecurityError", "storage-unavailable"],
  ])("that is %s does not stop the load, which says so once", async (_, name, code) => {
    caches.failPut = Object.assign(new Error("no"), { name });
    const model = await stored();
    expectWhole(model);
    expect(model.notices.map((notice) => notice.code)).toEqual([code]);
  });

  it("that does not exist does not stop the load either", async () => {
    const model = await harness.load({ caches: undefined });
    expectWhole(model);
    expect(model.notices.map(({ code }) => code)).toEqual(["storage-unavailable"]);
  });

  it("that never answers is not waited for", { timeout: 60_000 }, async () => {
    const silence = (): Promise<never> => new Promise(() => {});
    const silent = { open: silence, keys: silence, delete: silence } as unknown as CacheStorage;
    const model = await harness.load({ caches: silent });
    expectWhole(model);
    expect(model.notices.map(({ code }) => code)).toEqual(["storage-unavailable"]);
  });

  it("that falls silent in the middle is not waited for again", { timeout: 60_000 }, async () => {
    const caches = new MemoryCaches();
    caches.silentFrom = "weights-1.bin";
    const begun = performance.now();
    const model = await harness.load({ caches: caches.asCacheStorage() });
    expectWhole(model);
    expect(model.notices.map(({ code }) => code)).toEqual(["storage-unavailable"]);
    // Once, not once per file.
    expect(performance.now() - begun).toBeLessThan(25_000);
  });

  it("that throws at everything does not stop the load", async () => {
    const broken = { open: () => Promise.reject(new Error("x")), keys: () => Promise.reject(new Error("y")) };
    const model = await harness.load({ caches: broken as unknown as CacheStorage });
    expectWhole(model);
    expect(model.notices.map(({ code }) => code)).toEqual(["storage-unavailable"]);
  });
});
