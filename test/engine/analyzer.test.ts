// The engine in Chromium with a tiny model: in a worker, in the page, aborted, refused, starved of what it would like to have.
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { AnalyzerOptions } from "../../src/engine/analyzer.js";
import { createAnalyzer } from "../../src/engine/node.js";
import { type EngineSite, openSite } from "../support/engine-site.js";
import { serve } from "../support/serve.js";
import { makeTinyModel, tinySelfTest, writeFolder } from "../support/tiny-model.js";
import type * as analyzerPage from "./analyzer-page.js";

type PageEntry = { entry: typeof analyzerPage };

/** The page under policies: as strict as promised, and one that forbids workers. */
const POLICIES: Readonly<Record<string, string>> = {
  "/strict.html": "default-src 'self'; script-src 'self' 'wasm-unsafe-eval'; require-trusted-types-for 'script'",
  "/workerless.html": "default-src 'self'; script-src 'self' 'wasm-unsafe-eval'; worker-src 'none'",
};
const text = "Ana Lima met John in New York \u{1F600} and Paris";
let site: EngineSite;
let models: string;

beforeAll(async () => {
  models = await mkdtemp(join(tmpdir(), "mner-qg-models-"));
  await writeFolder(join(models, "tiny"), await makeTinyModel());
  site = await openSite({
    entries: { analyzer: "test/engine/analyzer-page.ts" },
    folders: { "/models": models },
    headers: (path) => ({
      // As on a CDN, so that a page of another origin may import the scripts.
      "access-control-allow-origin": "*",
      ...(path in POLICIES ? { "content-security-policy": POLICIES[path]! } : {}),
    }),
  });
  for (const path of Object.keys(POLICIES)) site.pages.set(path, site.pages.get("/analyzer.html")!);
});

afterAll(async () => {
  await site?.close();
  await rm(models, { recursive: true });
});

type Calls = typeof analyzerPage;
type CallName = "session" | "abortAfter" | "longTasks" | "memoryOver" | "loseDevice";

/** Calls a function of the page's module in a fresh page. */
async function call<Name extends CallName>(
  name: Name,
  given: Parameters<Calls[Name]>,
  { path, prepare }: { path?: string; prepare?: (page: Page) => Promise<unknown> } = {},
): Promise<Awaited<ReturnType<Calls[Name]>>> {
  const page = await site.open("analyzer", path);
  try {
    await prepare?.(page);
    return (await page.evaluate(
      ([called, values]) => {
        const { entry } = globalThis as unknown as PageEntry;
        return (entry[called] as (...values: unknown[]) => unknown)(...values);
      },
      [name as CallName, given as unknown[]] as const,
    )) as Awaited<ReturnType<Calls[Name]>>;
  } finally {
    await page.close();
  }
}

const MODEL = "/models/tiny/";
type Requests = Parameters<Calls["session"]>[1];
const session = (options: AnalyzerOptions, requests: Requests, path?: string) =>
  call("session", [{ model: MODEL, ...options }, requests], { path });

describe("createAnalyzer in Chromium", () => {
  it("gives in a worker what it gives in Node", async () => {
    const { results, backend, progress, notices } = await session({ backend: "wasm" }, [{ text, nested: true }]);
    expect(backend).toBe("wasm");
    expect(notices).toEqual([]);
    expect(progress.at(-1)).toBe(1);
    expect(progress).toEqual([...progress].sort((one, other) => one - other));
    const node = await createAnalyzer({ model: join(models, "tiny") });
    const expected = await node.analyze({ text, nested: true });
    node.dispose();
    const names = (result: typeof expected) => result.entities.map(({ start, end, type }) => [start, end, type]);
    expect(names(results[0]!)).toEqual(names(expected));
    expect(results[0]!.entities[0]!.score).toBeCloseTo(expected.entities[0]!.score, 4);
  });

  it("reads a photo once", async () => {
    const { results } = await session({ backend: "wasm" }, [
      { text, photo: [100, 60] },
      { text: "John", photo: [100, 60] },
      { text: "John", photo: [100, 60, 2] },
    ]);
    expect(results.map(({ image }) => image)).toEqual(Array(3).fill({ width: 100, height: 60 }));
    expect(results.map(({ timings }) => timings.imageTrunk > 0)).toEqual([true, false, true]);
    for (const { queries } of results) {
      for (const { notInPhoto, attention, region } of queries) {
        expect(notInPhoto).toBeGreaterThan(0);
        expect(attention!.cells.reduce((sum, cell) => sum + cell, 0)).toBeCloseTo(1, 4);
        if (region) expect(region.box.every((side, index) => side >= 0 && side <= (index % 2 ? 60 : 100))).toBe(true);
      }
    }
  });

  it("works under a strict policy, Trusted Types enforced", async () => {
    const { results, notices } = await session({ backend: "wasm" }, [{ text, photo: [50, 50] }], "/strict.html");
    expect(results).toHaveLength(1);
    expect(notices).toEqual([]);
  });

  it("runs in the page where a policy forbids workers, and says so", async () => {
    const { results, notices } = await session({ backend: "wasm" }, [{ text }], "/workerless.html");
    expect(results).toHaveLength(1);
    expect(notices.map(({ code }) => code)).toEqual(["worker-unavailable"]);
    const page = await site.open("analyzer", "/workerless.html");
    const outcome = await page.evaluate((model) => {
      const { entry } = globalThis as unknown as PageEntry;
      return entry.outcomeOf(entry.createAnalyzer({ model, run: "worker" }));
    }, MODEL);
    await page.close();
    expect(outcome.code).toBe("worker-failed");
  });

  it("works from another origin, in a worker", async () => {
    const elsewhere = await serve({
      pages: new Map([
        [
          "/",
          `<!doctype html><script type="module">globalThis.entry = await import("${site.origin}/analyzer.js");</script>`,
        ],
      ]),
    });
    const page = await site.browser.newPage();
    await page.goto(elsewhere.origin);
    await page.waitForFunction("globalThis.entry !== undefined");
    const { results, notices } = await page.evaluate(
      ([model, given]) =>
        (globalThis as unknown as PageEntry).entry.session({ model, backend: "wasm" }, [{ text: given }]),
      [`${site.origin}${MODEL}`, text] as const,
    );
    await page.close();
    await elsewhere.close();
    expect(results).toHaveLength(1);
    expect(notices).toEqual([]);
  });

  it("leaves the main thread alone while it works", async () => {
    const [long] = await call("longTasks", [{ model: MODEL, backend: "wasm" }, [text, text.repeat(5), "John"]]);
    expect(long ?? 0).toBeLessThan(50);
  });

  it.each(["worker", "page"] as const)("ends an aborted request within 100 ms at every stage (%s)", async (run) => {
    const long = `${text} `.repeat(60);
    const report = await call("abortAfter", [
      { model: MODEL, backend: "wasm", run },
      { text: long, photo: [1200, 900] },
      [0, 1, 3, 10, 20, 40, 80, 160],
    ]);
    if (process.env.SHOW_TIMES) console.table(report);
    for (const { code, ms, next } of report) {
      // A fast machine may have been done already.
      if (code !== null) expect([code, ms < 100]).toEqual(["aborted", true]);
      expect(next).toBeNull();
    }
    expect(report.filter(({ code }) => code === "aborted").length).toBeGreaterThan(3);
  });

  it("can be given up at any stage of loading, at once", async () => {
    const page = await site.open("analyzer");
    for (const after of [0, 5, 30, 100, 200]) {
      const outcome = await page.evaluate(
        async ([model, delay]) => {
          const { entry } = globalThis as unknown as PageEntry;
          const controller = new AbortController();
          const made = entry.outcomeOf(entry.createAnalyzer({ model, backend: "wasm", signal: controller.signal }));
          await new Promise((resolve) => setTimeout(resolve, delay));
          const aborted = performance.now();
          controller.abort();
          const { code } = await made;
          return { code, ms: performance.now() - aborted };
        },
        [MODEL, after] as const,
      );
      // A fast machine may have been ready already.
      if (outcome.code !== null) expect([outcome.code, outcome.ms < 100]).toEqual(["aborted", true]);
    }
    const { queries } = await page.evaluate(
      async ([model, given]) => {
        const { entry } = globalThis as unknown as PageEntry;
        const analyzer = await entry.createAnalyzer({ model, backend: "wasm" });
        return analyzer.analyze({ text: given });
      },
      [MODEL, text] as const,
    );
    expect(queries).toHaveLength(4);
    await page.close();
  });

  it("replaces a worker that does not stop, and goes on", async () => {
    const page = await site.open("analyzer");
    await page.evaluate(async (model) => {
      const { entry } = globalThis as unknown as PageEntry;
      const held = globalThis as unknown as { analyzer: Awaited<ReturnType<typeof entry.createAnalyzer>> };
      held.analyzer = await entry.createAnalyzer({ model, backend: "wasm" });
    }, MODEL);
    const [stuck] = page.workers();
    // From now on the worker is busy for ever.
    await stuck!.evaluate("void setTimeout(() => { for (;;) {} }, 0)");
    const { first, next } = await page.evaluate(async (given) => {
      const { entry, analyzer } = globalThis as unknown as PageEntry & {
        analyzer: Awaited<ReturnType<typeof createAnalyzer>>;
      };
      await new Promise((resolve) => setTimeout(resolve, 300));
      const controller = new AbortController();
      const running = entry.outcomeOf(analyzer.analyze({ text: given, signal: controller.signal }));
      setTimeout(() => controller.abort(), 50);
      const waiting = entry.outcomeOf(analyzer.analyze({ text: given }));
      return { first: await running, next: await waiting };
    }, text);
    expect(first.code).toBe("aborted");
    expect(next.value?.queries).toHaveLength(4);
    await expect.poll(() => page.workers().includes(stuck!), { timeout: 10_000 }).toBe(false);
    await page.close();
  });

  it("keeps tensors and bytes flat over 200 runs", async () => {
    const seen = await call("memoryOver", [200, { model: MODEL, backend: "wasm" }, 3]);
    expect(seen[199]![0]).toBe(seen[19]![0]);
    expect(seen[199]![1]).toBeLessThanOrEqual(seen[19]![1] * 1.05);
  });

  describe("bad model folders", () => {
    const spoil: Readonly<Record<string, (files: Map<string, Uint8Array>) => void>> = {
      "model-shard-corrupt": (files) => {
        files.get("weights-0.bin")![1000]! ^= 1;
      },
      "model-shard-truncated": (files) => files.set("weights-0.bin", files.get("weights-0.bin")!.slice(0, -1)),
      "model-shard-missing": (files) => files.delete("weights-1.bin"),
      "model-not-a-model": (files) =>
        files.set("manifest.json", new TextEncoder().encode("<!doctype html><h1>Hi</h1>")),
      "model-manifest-invalid": (files) =>
        files.set("manifest.json", new TextEncoder().encode('{"format":"mner-qg-model"}')),
      "model-version-unsupported": (files) => {
        const manifest = JSON.parse(new TextDecoder().decode(files.get("manifest.json")));
        files.set("manifest.json", new TextEncoder().encode(JSON.stringify({ ...manifest, formatVersion: 99 })));
      },
      "model-not-found": (files) => files.clear(),
    };

    it.each(Object.keys(spoil))("%s", async (code) => {
      const files = await makeTinyModel();
      spoil[code]!(files);
      await writeFolder(join(models, code), files);
      const page = await site.open("analyzer");
      const outcome = await page.evaluate((model) => {
        const { entry } = globalThis as unknown as PageEntry;
        return entry.outcomeOf(entry.createAnalyzer({ model, backend: "wasm" }));
      }, `/models/${code}/`);
      await page.close();
      expect(outcome).toMatchObject({ value: null, code });
    });
  });

  describe("choice of backend", () => {
    it("passes over what is missing or software, and says why", async () => {
      const from = site.requests.length;
      const { backend, notices } = await session({}, [{ text }]);
      expect(backend).toBe("wasm");
      // What cannot be used is not fetched.
      expect(site.requests.slice(from).filter((path) => /webg(pu|l)/.test(path))).toEqual([]);
      expect(site.requests.slice(from).some((path) => /wasm/.test(path))).toBe(true);
      expect(notices.map(({ code }) => code)).toEqual(["backend-fallback"]);
      expect(notices[0]!.message).toMatch(/WebGPU/);
    });

    it("catches a backend that computes wrongly by the self-test", async () => {
      const tested = await makeTinyModel({ selfTest: await tinySelfTest() });
      await writeFolder(join(models, "tested"), tested);
      const model = "/models/tested/";
      const sound = await call("session", [{ model, backend: "wasm" }, [{ text }]]);
      expect(sound.backend).toBe("wasm");
      const broken = await call("session", [{ model, run: "page" }, [{ text }]], {
        prepare: (page) =>
          page.evaluate(() => (globalThis as unknown as PageEntry).entry.breakAfterRegistration("Softmax", "wasm")),
      });
      expect(broken.backend).toBe("cpu");
      const told = broken.notices.map(({ message }) => message).join("\n");
      expect(told).toMatch(/computes wrongly/);
      expect(broken.results[0]!.notices.length).toBe(broken.notices.length);
    });
  });
});
