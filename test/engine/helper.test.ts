// The second worker in Chromium: it comes by itself, changes no answer, and nothing is lost when it dies.
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Page, Worker } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { AnalysisResult } from "../../src/core/results.js";
import { type EngineSite, openSite } from "../support/engine-site.js";
import { serve } from "../support/serve.js";
import { makeTinyModel, writeFolder } from "../support/tiny-model.js";
import type * as analyzerPage from "./analyzer-page.js";

type Entry = typeof analyzerPage;
type PageScope = { entry: Entry; analyzer: Awaited<ReturnType<Entry["createAnalyzer"]>> };

const STRICT = "default-src 'self'; script-src 'self' 'wasm-unsafe-eval'; require-trusted-types-for 'script'";
const text = "Ana Lima met John in New York \u{1F600} and Paris";
const MODEL = "/models/tiny/";
let site: EngineSite;
let models: string;

beforeAll(async () => {
  models = await mkdtemp(join(tmpdir(), "mner-qg-models-"));
  await writeFolder(join(models, "tiny"), await makeTinyModel());
  site = await openSite({
    entries: { analyzer: "test/engine/analyzer-page.ts" },
    folders: { "/models": models },
    headers: (path) => ({
      "access-control-allow-origin": "*",
      ...(path === "/strict.html" ? { "content-security-policy": STRICT } : {}),
    }),
  });
  site.pages.set("/strict.html", site.pages.get("/analyzer.html")!);
});

afterAll(async () => {
  await site?.close();
  await rm(models, { recursive: true });
});

/** An analyser in the page's `analyzer`. */
const begin = (page: Page, model = MODEL): Promise<void> =>
  page.evaluate(async (address) => {
    const scope = globalThis as unknown as PageScope;
    scope.analyzer = await scope.entry.createAnalyzer({ model: address, backend: "wasm", run: "worker" });
  }, model);

const analyze = (page: Page, given = text): Promise<AnalysisResult> =>
  page.evaluate(async (words) => {
    const { entry, analyzer } = globalThis as unknown as PageScope;
    return analyzer.analyze({ text: words, image: await entry.makePhoto(90, 60), nested: true });
  }, given);

/** What does not depend on who computed it, or when. */
const answer = ({ entities, queries }: AnalysisResult) => ({ entities, queries });

/** The engine's worker and the one that it has started: the second to say a word. */
async function helperOf(page: Page, engine: Worker): Promise<Worker> {
  const others = () => page.workers().filter((worker) => worker !== engine);
  await expect.poll(() => others().length, { timeout: 60_000 }).toBe(1);
  return others()[0]!;
}

/** Asks until the helper has taken part: a job of two rows and more costs it time. */
const jobsOf = (helper: Worker): Promise<number> =>
  helper.evaluate(() => (globalThis as unknown as { rowsRun?: number }).rowsRun ?? 0);

/** Counts, inside the helper, the batches it has been given. */
const countJobs = (helper: Worker): Promise<void> =>
  helper.evaluate(() => {
    const scope = globalThis as unknown as { rowsRun: number };
    scope.rowsRun = 0;
    addEventListener("message", ({ data }) => {
      if (data.type === "run-rows") scope.rowsRun++;
    });
  });

async function askUntilHelped(page: Page, helper: Worker): Promise<AnalysisResult> {
  for (;;) {
    const result = await analyze(page);
    if ((await jobsOf(helper)) > 0) return result;
  }
}

describe("a second worker", { timeout: 240_000 }, () => {
  it("comes with the second question, and changes no answer", async () => {
    const page = await site.open("analyzer");
    await begin(page);
    const [engine] = page.workers();
    const alone = await analyze(page);
    expect(page.workers()).toHaveLength(1);
    await analyze(page);
    const helper = await helperOf(page, engine!);
    await countJobs(helper);
    const helped = await askUntilHelped(page, helper);
    expect(answer(helped)).toEqual(answer(alone));
    expect(helped.notices).toEqual([]);
    // It goes with its engine.
    await page.evaluate(() => (globalThis as unknown as PageScope).analyzer.dispose());
    await expect.poll(() => page.workers().length).toBe(0);
    await page.close();
  });

  it("may die: its part is done by the first, and no other is called", async () => {
    const page = await site.open("analyzer");
    await begin(page);
    const [engine] = page.workers();
    const alone = await analyze(page);
    await analyze(page);
    const helper = await helperOf(page, engine!);
    await countJobs(helper);
    await askUntilHelped(page, helper);
    // Busy for ever: it will neither answer nor say that it cannot.
    await helper.evaluate("void setTimeout(() => { for (;;) {} }, 0)");
    expect(answer(await analyze(page))).toEqual(answer(alone));
    await expect.poll(() => page.workers().length, { timeout: 20_000 }).toBe(1);
    await analyze(page);
    await analyze(page);
    expect(page.workers()).toHaveLength(1);
    await page.close();
  });

  it("comes under a strict policy too, Trusted Types enforced", async () => {
    const page = await site.open("analyzer", "/strict.html");
    await begin(page);
    const [engine] = page.workers();
    await analyze(page);
    await analyze(page);
    await helperOf(page, engine!);
    await page.close();
  });

  it("comes when script and model are another origin's", async () => {
    const pages = new Map([
      [
        "/",
        `<!doctype html><script type="module">import * as entry from "${site.origin}/analyzer.js"; globalThis.entry = entry;</script>`,
      ],
    ]);
    const other = await serve({ pages });
    const page = await site.browser.newPage();
    await page.goto(`${other.origin}/`);
    await page.waitForFunction("globalThis.entry !== undefined");
    await begin(page, `${site.origin}${MODEL}`);
    const [engine] = page.workers();
    await analyze(page);
    await analyze(page);
    await helperOf(page, engine!);
    await page.close();
    await other.close();
  });
});
