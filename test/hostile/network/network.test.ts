// The model's server at its worst, seen from Chromium: either the whole model comes, or the right code does.
import type { Page } from "playwright-core";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect } from "vitest";
import type { Loaded } from "../../model/load-page.js";
import { exampleFolder, type Fault, type FaultyServer, startServer } from "../../support/faulty-server.js";
import { status, times } from "../../support/load-test-tools.js";
import { attempts, type Tried } from "../support/ledger.js";
import * as faults from "../support/network-faults.js";
import { call, type HostileSite, openHostileSite } from "../support/site.js";

const attempt = attempts("2 network");
const { readable } = faults;
const SHARD = "weights-1.bin";
let site: HostileSite;
let page: Page;
let server: FaultyServer;
let other: FaultyServer;
let files: Map<string, Uint8Array>;
let sum: number;

beforeAll(async () => {
  site = await openHostileSite();
  files = await exampleFolder();
  other = await startServer(new Map(files));
  sum = Float32Array.from({ length: 9000 }, (_, i) => Math.sin(i * 7.13)).reduce((total, value) => total + value, 0);
});

afterAll(async () => {
  await other?.stop();
  await site?.close();
});

beforeEach(async () => {
  server = await startServer(new Map(files));
  const context = await site.browser.newContext();
  page = await context.newPage();
  await page.goto(`${site.origin}/hostile.html`);
  await page.waitForFunction("globalThis.entry !== undefined");
});

afterEach(async () => {
  await page.context().close();
  await server.stop();
});

const load = (): Promise<Loaded> => call(page, "load", server.url);
const asked = (name: string): string[] => server.requests.filter((request) => request.startsWith(name));

async function whole(): Promise<void> {
  expect(await load()).toMatchObject({ sum, version: "1.0.0" });
}

/** The load fails with the code, nothing counts as stored, and it works once the server does: with what is missing only. */
async function refused(...codes: string[]): Promise<Tried> {
  const { code, sum: weights } = await load();
  expect(weights).toBeUndefined();
  expect(codes).toContain(code);
  expect(await call(page, "isModelStored", server.url)).toBe(false);
  server.faults.clear();
  for (const [name, bytes] of files) server.files.set(name, bytes);
  await whole();
  return { tries: 2, outcome: "refused; whole once mended", code };
}

const bad = (name: string, file: string, fault: Fault, ...codes: string[]): void =>
  attempt(name, () => {
    server.faults.set(file, readable(fault));
    return refused(...codes);
  });

const passing = (name: string, fault: Fault, check?: () => void): void =>
  attempt(name, async () => {
    server.faults.set(SHARD, readable(fault));
    await whole();
    check?.();
    return { outcome: "whole" };
  });

describe("for good", () => {
  bad("404 for the manifest", "manifest.json", status(404), "model-not-found");
  bad("404 for a shard", SHARD, status(404), "model-shard-missing");
  bad("500 for the manifest", "manifest.json", status(500), "model-network");
  bad("500 for a shard", SHARD, status(500), "model-network");
  bad("HTML for the manifest", "manifest.json", faults.webPage, "model-not-a-model");
  bad("HTML for a shard", SHARD, faults.webPage, "model-not-a-model");
  bad("half a file, properly ended", SHARD, faults.shortened, "model-shard-truncated");
  bad("half a file, then the connection breaks", SHARD, faults.half, "model-network");
  bad("connection reset", SHARD, faults.reset, "model-network");
  bad("gzip twice", SHARD, faults.zippedTwice, "model-shard-corrupt", "model-shard-truncated");
  bad("gzip said, not done", SHARD, faults.notZipped, "model-network");
  bad("one bit changed", SHARD, faults.tampered, "model-shard-corrupt");
  bad("another range than asked for", SHARD, faults.wrongRange, "model-network", "model-shard-truncated");

  attempt("redirect to another origin, for the manifest", () => {
    server.faults.set("manifest.json", readable(faults.movedTo(`${other.url}manifest.json`)));
    return refused("model-not-found");
  });

  attempt("redirect to another origin with another shard", async () => {
    other.faults.set(SHARD, readable(faults.tampered));
    server.faults.set(SHARD, readable(faults.movedTo(`${other.url}${SHARD}`)));
    const tried = await refused("model-shard-corrupt");
    other.faults.clear();
    return tried;
  });

  attempt("a shard of another release, for good", async () => {
    server.files.set(SHARD, (await exampleFolder(2)).get(SHARD)!);
    return refused("model-shard-corrupt");
  });
});

describe("for a while", () => {
  passing("500 twice", times(2, status(500)));
  passing("connection reset twice", times(2, faults.reset));
  passing("a slow drip", faults.dripped, () => expect(asked(SHARD)).toHaveLength(1));
  passing("one bit changed, once (a cache on the way)", times(1, faults.tampered));
  passing("another range than asked for, once", times(1, faults.wrongRange));
  passing("gzip twice, once", times(1, faults.zippedTwice));
  passing("a content-length too large, once", times(1, faults.overstated));
  passing("half a file, then the connection breaks: resumed", times(1, faults.half), () => {
    expect(asked(SHARD).at(-1)).toMatch(/bytes=[1-9]\d*-/);
  });

  attempt("redirect to another origin with the same shard", async () => {
    server.faults.set(SHARD, readable(faults.movedTo(`${other.url}${SHARD}`)));
    await whole();
    return { outcome: "whole" };
  });

  attempt("a new release between two shards", async () => {
    const newer = await exampleFolder(3, "1.1.0");
    server.faults.set(
      "weights-2.bin",
      times(1, () => {
        for (const [name, bytes] of newer) server.files.set(name, bytes);
        return false;
      }),
    );
    const loaded = await load();
    expect(loaded.version).toBe("1.1.0");
    // All of it is of the newer one: a single older number would show in the sum.
    const wanted = Float32Array.from({ length: 9000 }, (_, i) => Math.sin(i * 7.13 * 3)).reduce((a, b) => a + b, 0);
    expect(loaded.sum).toBe(wanted);
    return { outcome: "the new one, whole" };
  });

  attempt("the server goes away in the middle and comes back", async () => {
    let gone = false;
    for (const name of server.files.keys()) {
      server.faults.set(
        name,
        readable((request, response, body) => {
          if (name === "weights-4.bin") gone = true;
          return gone && faults.reset(request, response, body);
        }),
      );
    }
    expect((await load()).code).toBe("model-network");
    server.faults.clear();
    server.requests.length = 0;
    await whole();
    // The fifth shard was asked for when two of the files before it had been verified: those are not asked for again.
    const again = server.requests.filter((name) => name !== "manifest.json");
    expect(again).toContain("weights-4.bin");
    expect(again.length).toBeLessThanOrEqual(4);
    return { tries: 2, outcome: "refused; then only the rest is fetched", code: "model-network" };
  });
});
