// Loading over real HTTP from a server that misbehaves in every way that servers do.
import { gzipSync } from "node:zlib";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { exampleFolder, type Fault, type FaultyServer, startServer, tagOf } from "./faulty-server.js";
import { forgetStoredModels, isModelStored, type LoadOptions, loadModel } from "./load.js";
import { MemoryCaches } from "./memory-caches.js";
import type { LoadProgress } from "./progress.js";

const QUICK = { attempts: 4, firstDelayMs: 2, longestDelayMs: 10, stallMs: 150 };

let server: FaultyServer;
let pristine: Map<string, Uint8Array>;

beforeEach(async () => {
  await forgetStoredModels(null);
  pristine ??= await exampleFolder();
  server = await startServer(new Map(pristine));
});

afterEach(async () => {
  await server.stop();
});

function load(options: LoadOptions = {}): ReturnType<typeof loadModel> {
  return loadModel(server.url, { caches: null, retry: QUICK, ...options });
}

/** Every weight and file as it was written. */
function expectWhole(model: Awaited<ReturnType<typeof loadModel>>, seed = 1): void {
  const { values } = model.weights.read("a.weight");
  expect(values.every((value, i) => value === Math.fround(Math.sin(i * 7.13 * seed)))).toBe(true);
  expect(new TextDecoder().decode(model.tokenizerFiles.get("vocab.txt"))).toContain("[CLS]");
}

/** A fault for the first so many requests. */
function times(count: number, fault: Fault): Fault {
  let left = count;
  return (...given) => left-- > 0 && fault(...given);
}

/** Sends the head and a part of the body, then cuts the connection. */
const cutOff =
  (part: number): Fault =>
  (request, response, body) => {
    const start = Number(/^bytes=(\d+)-$/.exec(request.headers.range ?? "")?.[1] ?? 0);
    const rest = body.subarray(start);
    const headers = { etag: tagOf(body), "content-length": rest.length };
    response.writeHead(
      start ? 206 : 200,
      start ? { ...headers, "content-range": `bytes ${start}-${body.length - 1}/${body.length}` } : headers,
    );
    response.write(rest.subarray(0, part), () => setTimeout(() => response.destroy(), 5));
    return true;
  };

const status =
  (code: number, headers: Record<string, string> = {}): Fault =>
  (_, response) => {
    response.writeHead(code, headers).end("no");
    return true;
  };

describe("a sound folder", () => {
  it("is loaded in full, each file once, with one figure that only grows", async () => {
    const seen: LoadProgress[] = [];
    const model = await load({ onProgress: (progress) => seen.push(progress) });
    expectWhole(model);
    expect(model.source).toBe("network");
    expect(model.notices).toEqual([]);
    expect([...server.requests].sort()).toEqual([...server.files.keys()].sort());
    const fractions = seen.map(({ fraction }) => fraction);
    expect(fractions).toEqual([...fractions].sort((one, other) => one - other));
    expect(seen.at(-1)).toMatchObject({ fraction: 1, loadedBytes: seen.at(-1)!.totalBytes });
    expect(fractions.length).toBeGreaterThan(5);
  });

  it("may be named without its slash, by its manifest, or with a query", async () => {
    for (const address of [server.url.slice(0, -1), `${server.url}manifest.json`, `${server.url}?token=1#x`]) {
      expectWhole(await loadModel(address, { caches: null, retry: QUICK }));
    }
    await expect(loadModel("ftp://127.0.0.1/x", { caches: null })).rejects.toMatchObject({ code: "option-invalid" });
    await expect(loadModel("models/x", { caches: null })).rejects.toMatchObject({ code: "option-invalid" });
  });

  it("never has more than four files on the way", async () => {
    let open = 0;
    let most = 0;
    const slow: Fault = (_, response, body) => {
      open += 1;
      most = Math.max(most, open);
      setTimeout(() => {
        open -= 1;
        response.end(body);
      }, 20);
      return true;
    };
    for (const name of server.files.keys()) if (name !== "manifest.json") server.faults.set(name, slow);
    await load();
    expect(most).toBe(4);
  });
});

describe("a folder that is not there or not a model", () => {
  const page: Fault = (_, response) => {
    response.writeHead(200, { "content-type": "text/html" }).end("<!doctype html><p>Welcome");
    return true;
  };

  it.each([404, 410, 403, 401])("status %i", async (code) => {
    server.faults.set("manifest.json", status(code));
    await expect(load()).rejects.toMatchObject({ code: "model-not-found" });
    expect(server.requests).toHaveLength(1);
  });

  it("a web page in place of the manifest", async () => {
    server.faults.set("manifest.json", page);
    await expect(load()).rejects.toMatchObject({ code: "model-not-a-model" });
  });

  it("a web page in place of a shard", async () => {
    server.faults.set("weights-2.bin", page);
    await expect(load()).rejects.toMatchObject({ code: "model-not-a-model" });
  });

  it("half a manifest", async () => {
    server.files.set("manifest.json", server.files.get("manifest.json")!.subarray(0, 500));
    await expect(load()).rejects.toMatchObject({ code: "model-manifest-invalid" });
  });

  it("a manifest without end", async () => {
    server.faults.set("manifest.json", (_, response) => {
      response.writeHead(200);
      const block = Buffer.alloc(1 << 20, " ");
      const more = (): void => void (response.destroyed || response.write(block, more));
      more();
      return true;
    });
    await expect(load()).rejects.toMatchObject({ code: "model-manifest-invalid" });
  });

  it("nobody listening", async () => {
    const { url } = server;
    await server.stop();
    await expect(loadModel(url, { caches: null, retry: QUICK })).rejects.toMatchObject({ code: "model-network" });
  });

  it("nobody listening because the device is offline", async () => {
    const { url } = server;
    await server.stop();
    vi.stubGlobal("navigator", { onLine: false });
    try {
      await expect(loadModel(url, { caches: null, retry: QUICK })).rejects.toMatchObject({ code: "offline" });
    } finally {
      vi.unstubAllGlobals();
    }
  });

  it("a manifest on another site, after a redirect", async () => {
    const other = await startServer(new Map(pristine));
    server.faults.set("manifest.json", status(302, { location: `${other.url}manifest.json` }));
    await expect(load()).rejects.toMatchObject({ code: "model-not-found" });
    await other.stop();
  });

  it("a redirect within the site is followed, and the files beside its end are taken", async () => {
    server.faults.set(
      "manifest.json",
      times(1, status(302, { location: new URL("/models/newer/manifest.json", server.url).href })),
    );
    expectWhole(await load());
  });
});

describe("a shard that cannot be had", () => {
  it("is missing", async () => {
    server.files.delete("weights-3.bin");
    await expect(load()).rejects.toMatchObject({ code: "model-shard-missing" });
  });

  it("is half a file", async () => {
    const shard = server.files.get("weights-3.bin")!;
    server.files.set("weights-3.bin", shard.subarray(0, shard.length / 2));
    await expect(load()).rejects.toMatchObject({ code: "model-shard-truncated" });
  });

  it("is empty", async () => {
    server.files.set("weights-3.bin", new Uint8Array());
    await expect(load()).rejects.toMatchObject({ code: "model-shard-truncated" });
  });

  it("has one flipped bit", async () => {
    const shard = server.files.get("weights-1.bin")!.slice();
    shard[4000]! ^= 4;
    server.files.set("weights-1.bin", shard);
    await expect(load()).rejects.toMatchObject({ code: "model-shard-corrupt" });
    expect(server.requests.filter((name) => name === "weights-1.bin")).toHaveLength(2);
  });

  it("belongs to another release of the same size", async () => {
    server.files.set("weights-1.bin", (await exampleFolder(2)).get("weights-1.bin")!);
    await expect(load()).rejects.toMatchObject({ code: "model-shard-corrupt" });
  });

  it("is longer than the manifest says, and is not read to its end", async () => {
    let sent = 0;
    server.faults.set("weights-1.bin", (_, response) => {
      response.writeHead(200);
      const block = Buffer.alloc(1 << 16);
      const more = (): void => {
        sent += block.length;
        if (!response.destroyed && sent < 1 << 28) response.write(block, more);
      };
      more();
      return true;
    });
    await expect(load()).rejects.toMatchObject({ code: "model-shard-corrupt" });
    expect(sent).toBeLessThan(1 << 26);
  });

  it("is compressed twice", async () => {
    server.faults.set("weights-1.bin", (_, response, body) => {
      response.writeHead(200, { "content-encoding": "gzip" }).end(gzipSync(gzipSync(body)));
      return true;
    });
    await expect(load()).rejects.toMatchObject({ code: expect.stringMatching(/^model-shard-(corrupt|truncated)$/) });
  });

  it("answers 500 for ever", async () => {
    server.faults.set("weights-1.bin", status(500));
    await expect(load()).rejects.toMatchObject({ code: "model-network" });
    expect(server.requests.filter((name) => name === "weights-1.bin")).toHaveLength(QUICK.attempts);
  });

  it("says nothing for ever", async () => {
    server.faults.set("weights-1.bin", () => true);
    await expect(load()).rejects.toMatchObject({ code: "model-network" });
  });
});

describe("a bad connection", () => {
  it.each([500, 502, 503, 429, 408])("gets over status %i", async (code) => {
    server.faults.set("manifest.json", times(2, status(code)));
    server.faults.set("weights-0.bin", times(2, status(code, { "retry-after": "0" })));
    expectWhole(await load());
  });

  it("resumes where the connection broke", async () => {
    server.faults.set("weights-1.bin", times(2, cutOff(3000)));
    expectWhole(await load());
    const asked = server.requests.filter((request) => request.startsWith("weights-1.bin"));
    expect(asked).toEqual(["weights-1.bin", "weights-1.bin bytes=3000-", "weights-1.bin bytes=6000-"]);
  });

  it("starts the file over where the server knows no ranges", async () => {
    server.acceptRanges = false;
    server.faults.set("weights-1.bin", times(2, cutOffWhole));
    expectWhole(await load());
  });

  it("gives up where the server knows no ranges and never gets further", async () => {
    server.faults.set("weights-1.bin", cutOffWhole);
    await expect(load()).rejects.toMatchObject({ code: "model-network" });
  });

  it("goes on however often it breaks, as long as something new arrives", async () => {
    server.faults.set("weights-1.bin", cutOff(500));
    expectWhole(await load());
    expect(server.requests.filter((request) => request.startsWith("weights-1.bin")).length).toBeGreaterThan(10);
  });

  it("waits for a slow drip", async () => {
    server.faults.set("weights-4.bin", (_, response, body) => {
      response.writeHead(200, { "content-length": body.length });
      let at = 0;
      const drip = setInterval(() => {
        response.write(body.subarray(at, at + 200));
        at += 200;
        if (at >= body.length) {
          clearInterval(drip);
          response.end();
        }
      }, 10);
      return true;
    });
    expectWhole(await load());
    expect(server.requests.filter((request) => request.startsWith("weights-4.bin"))).toHaveLength(1);
  });

  it("resumes after a silence in the middle", async () => {
    server.faults.set(
      "weights-1.bin",
      times(1, (_, response, body) => {
        response.writeHead(200, { "content-length": body.length, etag: tagOf(body) }).write(body.subarray(0, 1000));
        return true;
      }),
    );
    expectWhole(await load());
    expect(server.requests).toContain("weights-1.bin bytes=1000-");
  });

  it("resumes after a body that ends early without an error", async () => {
    server.faults.set(
      "weights-1.bin",
      times(1, (_, response, body) => {
        response.writeHead(200, { "content-length": 1000, etag: tagOf(body) }).end(body.subarray(0, 1000));
        return true;
      }),
    );
    expectWhole(await load());
    expect(server.requests).toContain("weights-1.bin bytes=1000-");
  });

  it("gets over a wrong hash once, past all caches", async () => {
    const caches: (string | undefined)[] = [];
    const watched: typeof fetch = (url, init) => {
      if (String(url).endsWith("weights-1.bin")) caches.push(init?.cache);
      return fetch(url, init);
    };
    server.faults.set(
      "weights-1.bin",
      times(1, (_, response, body) => {
        response.end(Buffer.alloc(body.length, 7));
        return true;
      }),
    );
    expectWhole(await load({ fetch: watched }));
    expect(caches).toEqual(["default", "reload"]);
  });

  it("starts over when the file changed between two parts", async () => {
    server.faults.set(
      "weights-1.bin",
      times(1, (_, response, body) => {
        response.writeHead(200, { etag: '"old"', "content-length": body.length });
        response.write(Buffer.alloc(3000, 9), () => setTimeout(() => response.destroy(), 5));
        return true;
      }),
    );
    expectWhole(await load());
  });

  it("does not believe a range that was not asked for", async () => {
    server.faults.set(
      "weights-1.bin",
      times(1, (_, response, body) => {
        const range = `bytes 100-${body.length - 1}/${body.length}`;
        response.writeHead(206, { "content-range": range }).end(body.subarray(100));
        return true;
      }),
    );
    expectWhole(await load());
  });

  it("takes a shard from another site, since its hash is known", async () => {
    const other = await startServer(new Map(pristine));
    server.faults.set("weights-1.bin", status(302, { location: `${other.url}weights-1.bin` }));
    expectWhole(await load());
    const shard = other.files.get("weights-1.bin")!.slice();
    shard[0]! ^= 1;
    other.files.set("weights-1.bin", shard);
    await expect(load()).rejects.toMatchObject({ code: "model-shard-corrupt" });
    await other.stop();
  });

  it("gives up on a circle of redirects", async () => {
    server.faults.set("weights-1.bin", status(302, { location: `${server.url}weights-1.bin` }));
    await expect(load()).rejects.toMatchObject({ code: "model-network" });
  });

  it("in memory, keeps what it had when a load fails, and gets only the rest next time", async () => {
    server.faults.set("weights-4.bin", status(500));
    await expect(load({ concurrency: 1 })).rejects.toMatchObject({ code: "model-network" });
    server.faults.clear();
    server.requests.length = 0;
    expectWhole(await load());
    expect([...server.requests].sort()).toEqual(["manifest.json", "weights-4.bin"]);
  });
});

/** Ignores ranges and breaks at the same place each time. */
const cutOffWhole: Fault = (_, response, body) => {
  response.writeHead(200, { "content-length": body.length });
  response.write(body.subarray(0, 3000), () => setTimeout(() => response.destroy(), 5));
  return true;
};

describe("a release that is replaced while it is read", () => {
  it("is read anew, and nothing of the two is mixed", async () => {
    const newer = await exampleFolder(3, "1.1.0");
    server.faults.set(
      "weights-2.bin",
      times(1, () => {
        for (const [name, bytes] of newer) server.files.set(name, bytes);
        return false;
      }),
    );
    const seen: number[] = [];
    const model = await load({ concurrency: 1, onProgress: ({ fraction }) => seen.push(fraction) });
    expect(model.manifest.version).toBe("1.1.0");
    expectWhole(model, 3);
    expect(seen).toEqual([...seen].sort((one, other) => one - other));
  });
});

describe("aborting", () => {
  it("ends a load at any stage, at once, and drops its connections", async () => {
    for (const name of ["manifest.json", "weights-2.bin"]) {
      let closed: Promise<void> | undefined;
      const reached = new Promise<void>((resolve) => {
        server.faults.set(name, (_, response, body) => {
          response.writeHead(200, { "content-length": body.length }).write(body.subarray(0, 100));
          closed = new Promise((done) => response.on("close", done));
          resolve();
          return true;
        });
      });
      const controller = new AbortController();
      const loading = load({ signal: controller.signal });
      const refused = expect(loading).rejects.toMatchObject({ code: "aborted" });
      await reached;
      const started = performance.now();
      controller.abort();
      await refused;
      expect(performance.now() - started).toBeLessThan(100);
      await closed;
      server.faults.clear();
    }
  });

  it("ends the wait before another attempt", async () => {
    server.faults.set("weights-2.bin", status(503, { "retry-after": "20" }));
    const controller = new AbortController();
    const loading = load({ signal: controller.signal });
    setTimeout(() => controller.abort(), 50);
    await expect(loading).rejects.toMatchObject({ code: "aborted" });
  });

  it("beforehand asks nothing of the server", async () => {
    await expect(load({ signal: AbortSignal.abort() })).rejects.toMatchObject({ code: "aborted" });
    expect(server.requests).toEqual([]);
  });
});

describe("two loads at once", () => {
  it("share the work, but not the weights", async () => {
    const [one, other] = await Promise.all([load(), load()]);
    expect(server.requests.filter((name) => name === "manifest.json")).toHaveLength(1);
    one.weights.release();
    expectWhole(other);
  });

  it("may be left by one without harm to the other", async () => {
    const controller = new AbortController();
    const left = load({ signal: controller.signal });
    const stays = load();
    const refused = expect(left).rejects.toMatchObject({ code: "aborted" });
    controller.abort();
    await refused;
    expectWhole(await stays);
  });

  it("start anew after all have left", async () => {
    const controller = new AbortController();
    const left = load({ signal: controller.signal });
    const refused = expect(left).rejects.toMatchObject({ code: "aborted" });
    controller.abort();
    expectWhole(await load());
    await refused;
  });

  it("both fail when it fails, and the next one may succeed", async () => {
    server.faults.set("manifest.json", times(1, status(404)));
    const results = await Promise.allSettled([load(), load()]);
    expect(results.map(({ status: settled }) => settled)).toEqual(["rejected", "rejected"]);
    expectWhole(await load());
  });
});

describe("storage", () => {
  let caches: MemoryCaches;
  const stored = (options: LoadOptions = {}): ReturnType<typeof loadModel> =>
    load({ caches: caches.asCacheStorage(), ...options });

  beforeEach(() => {
    caches = new MemoryCaches();
  });

  it("serves the second load, which asks only for the manifest", async () => {
    expect(await isModelStored(server.url, { caches: caches.asCacheStorage() })).toBe(false);
    await stored();
    expect(await isModelStored(server.url, { caches: caches.asCacheStorage() })).toBe(true);
    server.requests.length = 0;
    const model = await stored();
    expectWhole(model);
    expect(model.source).toBe("device");
    expect(server.requests).toEqual(["manifest.json"]);
  });

  it("serves a load without any connection, and says so", async () => {
    await stored();
    const { url } = server;
    await server.stop();
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
    server.faults.set("manifest.json", fault);
    expectWhole(await stored());
  });

  it("does not hide that a model was taken away", async () => {
    await stored();
    server.faults.set("manifest.json", status(404));
    await expect(stored()).rejects.toMatchObject({ code: "model-not-found" });
  });

  it("is checked: a damaged file is fetched again and healed", async () => {
    await stored();
    const { store, url } = caches.find("weights-3.bin")!;
    store.get(url)![10]! ^= 1;
    server.requests.length = 0;
    expectWhole(await stored());
    expect([...server.requests].sort()).toEqual(["manifest.json", "weights-3.bin"]);
    server.requests.length = 0;
    expectWhole(await stored());
    expect(server.requests).toEqual(["manifest.json"]);
  });

  it("does not serve a damaged manifest", async () => {
    await stored();
    const { store, url } = caches.find("manifest.json")!;
    const text = new TextDecoder().decode(store.get(url)!).replace('"dev F1": 0.5', '"dev F1": 0.9');
    store.set(url, new TextEncoder().encode(text));
    expect(await isModelStored(server.url, { caches: caches.asCacheStorage() })).toBe(false);
  });

  it("keeps what a failed load had, and the next one gets only the rest", async () => {
    server.faults.set("weights-4.bin", status(404));
    await expect(stored({ concurrency: 1 })).rejects.toMatchObject({ code: "model-shard-missing" });
    expect(await isModelStored(server.url, { caches: caches.asCacheStorage() })).toBe(false);
    server.faults.clear();
    server.requests.length = 0;
    expectWhole(await stored());
    expect([...server.requests].sort()).toEqual(["manifest.json", "weights-4.bin"]);
  });

  it("replaces a release only once the next one is whole", async () => {
    await stored();
    for (const [name, bytes] of await exampleFolder(4, "2.0.0")) server.files.set(name, bytes);
    server.faults.set("weights-4.bin", status(404));
    await expect(stored()).rejects.toMatchObject({ code: "model-shard-missing" });
    expect(await isModelStored(server.url, { caches: caches.asCacheStorage() })).toBe(true);
    expect(caches.stores.size).toBe(2);
    server.faults.clear();
    expectWhole(await stored(), 4);
    expect([...caches.stores.keys()]).toEqual([expect.stringContaining("/2.0.0/")]);
  });

  it("uses the whole old release when the new one cannot be had now", async () => {
    await stored();
    for (const [name, bytes] of await exampleFolder(4, "2.0.0")) server.files.set(name, bytes);
    server.faults.set("weights-4.bin", (request) => Boolean(request.socket.destroy()));
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
    const model = await load({ caches: undefined });
    expectWhole(model);
    expect(model.notices.map(({ code }) => code)).toEqual(["storage-unavailable"]);
  });

  it("that throws at everything does not stop the load", async () => {
    const broken = { open: () => Promise.reject(new Error("x")), keys: () => Promise.reject(new Error("y")) };
    const model = await load({ caches: broken as unknown as CacheStorage });
    expectWhole(model);
    expect(model.notices.map(({ code }) => code)).toEqual(["storage-unavailable"]);
  });
});

describe("callbacks", () => {
  it("that throw harm nobody else", async () => {
    const thrown: unknown[] = [];
    const onThrown = (error: unknown): void => void thrown.push(error);
    const listeners = process.listeners("uncaughtException");
    process.removeAllListeners("uncaughtException");
    process.on("uncaughtException", onThrown);
    try {
      const model = await load({
        onProgress: () => {
          throw new Error("a fault of the page");
        },
      });
      expectWhole(model);
      expect(thrown.length).toBeGreaterThan(0);
    } finally {
      process.off("uncaughtException", onThrown);
      for (const listener of listeners) process.on("uncaughtException", listener);
    }
  });
});
