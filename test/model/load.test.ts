// Loading model folders in Chromium: the real Cache API, full and forbidden, insecure pages, other origins.
import type { Browser, Page } from "playwright-core";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { launchBrowser } from "../support/browser.js";
import { type BuiltEngine, buildEngine } from "../support/build-engine.js";
import { exampleFolder, type FaultyServer, startServer, tagOf } from "../support/faulty-server.js";
import { type Served, serve } from "../support/serve.js";
import type * as LoadPage from "./load-page.js";

const PAGE = `<!doctype html><title>model</title><script type="module" src="/main.js"></script>`;
const FRAMES = `<!doctype html><title>frame</title><iframe sandbox="allow-scripts" src="/index.html"></iframe>`;

let built: BuiltEngine;
let site: Served;
let browser: Browser;
let files: Map<string, Uint8Array>;
let server: FaultyServer;
let page: Page;
let sum: number;

function run<T>(place: { evaluate: Page["evaluate"] }, step: keyof typeof LoadPage, ...given: unknown[]): Promise<T> {
  return place.evaluate(
    ([name, list]) => {
      const { entry } = globalThis as unknown as { entry: Record<string, (...all: unknown[]) => unknown> };
      return entry[name as string]!(...(list as unknown[]));
    },
    [step, given] as const,
  ) as Promise<T>;
}

async function openPage(address: string): Promise<Page> {
  const context = await browser.newContext();
  const opened = await context.newPage();
  await opened.goto(address);
  return opened;
}

const load = (address = server.url): Promise<LoadPage.Loaded> => run(page, "load", address);

beforeAll(async () => {
  files = await exampleFolder();
  sum = Float32Array.from({ length: 9000 }, (_, i) => Math.sin(i * 7.13)).reduce((total, value) => total + value, 0);
  built = await buildEngine({ "load-page": "test/model/load-page.ts" });
  const pages = new Map([
    ["/index.html", PAGE],
    ["/frames.html", FRAMES],
    ["/main.js", `import * as entry from "/load-page.js"; globalThis.entry = entry;`],
  ]);
  // Sandboxed frames have an origin of their own, even for scripts.
  const headers = (path: string): Record<string, string> => ({
    "access-control-allow-origin": "*",
    ...(path.endsWith(".js") ? { "content-type": "text/javascript" } : {}),
  });
  site = await serve({ folders: [built.folder], pages, headers });
  browser = await launchBrowser(["--host-resolver-rules=MAP insecure.test 127.0.0.1"]);
});

afterAll(async () => {
  await browser?.close();
  await site?.close();
  built?.remove();
});

beforeEach(async () => {
  server = await startServer(new Map(files));
  page = await openPage(`${site.origin}/index.html`);
  await page.waitForFunction("globalThis.entry");
});

afterEach(async () => {
  await page.context().close();
  await server.stop();
});

describe("the browser's storage", () => {
  it("serves later loads, also without any connection", async () => {
    expect(await load()).toEqual({ source: "network", version: "1.0.0", notices: [], sum });
    expect(await run(page, "isModelStored", server.url)).toBe(true);
    server.requests.length = 0;
    expect(await load()).toEqual({ source: "device", version: "1.0.0", notices: [], sum });
    expect(server.requests).toEqual(["manifest.json"]);
    await page.reload();
    await page.waitForFunction("globalThis.entry");
    await page.context().setOffline(true);
    expect(await load()).toEqual({ source: "device", version: "1.0.0", notices: ["model-from-device"], sum });
    await page.context().setOffline(false);
    expect(await run(page, "forgetStoredModels")).toBe(1);
    await page.context().setOffline(true);
    expect(await load()).toEqual({ code: "offline" });
  });

  it("is checked and healed", async () => {
    await load();
    await run(page, "damage", "weights-2.bin");
    server.requests.length = 0;
    expect(await load()).toMatchObject({ source: "network", sum });
    expect(server.requests).toEqual(["manifest.json", "weights-2.bin"]);
    expect(await load()).toMatchObject({ source: "device", sum });
  });

  it("keeps one release of a folder", async () => {
    await load();
    for (const [name, bytes] of await exampleFolder(2, "2.0.0")) server.files.set(name, bytes);
    expect(await load()).toMatchObject({ source: "network", version: "2.0.0" });
    expect(await run(page, "cacheNames")).toEqual([expect.stringContaining("2.0.0")]);
  });

  it("that is full does not stop a load", async () => {
    const session = await page.context().newCDPSession(page);
    await session.send("Storage.overrideQuotaForOrigin", { origin: site.origin, quotaSize: 20_000 });
    expect(await load()).toEqual({ source: "network", version: "1.0.0", notices: ["storage-full"], sum });
    await session.send("Storage.overrideQuotaForOrigin", { origin: site.origin });
  });
});

describe("places where a browser offers less", () => {
  it("an insecure page has neither storage nor crypto.subtle, and still loads and checks", async () => {
    const insecure = await openPage(`${site.origin.replace("127.0.0.1", "insecure.test")}/index.html`);
    await insecure.waitForFunction("globalThis.entry");
    expect(await insecure.evaluate("[typeof caches, typeof crypto.subtle]")).toEqual(["undefined", "undefined"]);
    const loaded = await run(insecure, "load", server.url);
    expect(loaded).toEqual({ source: "network", version: "1.0.0", notices: ["storage-unavailable"], sum });
    const shard = server.files.get("weights-1.bin")!.slice();
    shard[0]! ^= 1;
    server.files.set("weights-1.bin", shard);
    expect(await run(insecure, "load", server.url)).toEqual({ code: "model-shard-corrupt" });
    await insecure.context().close();
  });

  it("a sandboxed frame may not touch storage, and still loads", async () => {
    const outer = await openPage(`${site.origin}/frames.html`);
    const frame = outer.frames()[1]!;
    await frame.waitForFunction("globalThis.entry");
    const loaded = await run(frame, "load", server.url);
    expect(loaded).toEqual({ source: "network", version: "1.0.0", notices: ["storage-unavailable"], sum });
    await outer.context().close();
  });
});

describe("another origin", () => {
  it("is resumed where the connection broke", async () => {
    let left = 1;
    server.faults.set("weights-1.bin", (_, response, body) => {
      if (left-- <= 0) return false;
      const headers = { etag: tagOf(body), "content-length": body.length, "access-control-allow-origin": "*" };
      response.writeHead(200, headers);
      response.write(body.subarray(0, 3000), () => setTimeout(() => response.destroy(), 50));
      return true;
    });
    expect(await load()).toMatchObject({ source: "network", sum });
    const asked = server.requests.filter((request) => request.startsWith("weights-1.bin"));
    // The browser's own cache may first ask for a single byte, to see whether the file is still the same.
    expect(asked.length).toBeGreaterThan(1);
    for (const request of asked.slice(1)) expect(request).toMatch(/^weights-1\.bin bytes=\d{4}-/);
  });

  it("that does not let itself be read is told apart from none", async () => {
    const closed = await serve({ pages: new Map([["/manifest.json", "{}"]]) });
    expect(await load(`${closed.origin}/`)).toEqual({ code: "model-network" });
    await closed.close();
  });
});

describe("aborting", () => {
  it("ends a load at once", async () => {
    server.faults.set("weights-3.bin", (_, response, body) => {
      response.writeHead(200, { "access-control-allow-origin": "*", "content-length": body.length });
      response.write(body.subarray(0, 100));
      return true;
    });
    const { code, took } = await run<{ code: string; took: number }>(page, "abortAfter", server.url, 300);
    expect(code).toBe("aborted");
    expect(took).toBeLessThan(1000);
  });
});
