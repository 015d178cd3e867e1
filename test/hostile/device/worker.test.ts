// Workers that end without a word, that hear nonsense, and tabs that are put to sleep: nothing that was asked is lost.
import fc from "fast-check";
import type { Page, Worker } from "playwright-core";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect } from "vitest";
import { effort } from "../support/effort.js";
import { attempts } from "../support/ledger.js";
import { call, type Entry, type HostileSite, MODEL, openHostileSite } from "../support/site.js";

const attempt = attempts("3 device");
const names = "Ana Lima met John in New York and Paris";
const long = `${names}, `.repeat(60);
let site: HostileSite;
let page: Page;

type Held = { entry: Entry; analyzer: Awaited<ReturnType<Entry["createAnalyzer"]>>; notices: string[] };
type Answer = { code: string | null; queries: number };

beforeAll(async () => {
  site = await openHostileSite();
});
afterAll(() => site?.close());

beforeEach(async () => {
  // With storage of its own: models that another test loaded must be loaded again.
  const context = await site.browser.newContext();
  page = await context.newPage();
  page.setDefaultTimeout(60_000);
  await page.goto(`${site.origin}/hostile.html`);
  await page.waitForFunction("globalThis.entry !== undefined");
});
afterEach(() => page.context().close());

async function hold(): Promise<void> {
  await page.evaluate(async (model) => {
    const held = globalThis as unknown as Held;
    held.notices = [];
    held.analyzer = await held.entry.createAnalyzer({
      model,
      backend: "wasm",
      onNotice: ({ code }) => held.notices.push(code),
    });
  }, MODEL);
}

/** Asks without waiting; the answer is fetched by `answer`. */
async function begin(text: string): Promise<void> {
  await page.evaluate((given) => {
    const { entry, analyzer } = globalThis as unknown as Held;
    Object.assign(globalThis, { asked: entry.outcomeOf(analyzer.analyze({ text: given })) });
  }, text);
}

function answer(): Promise<Answer> {
  return page.evaluate(async () => {
    const { value, code } = await (globalThis as unknown as { asked: ReturnType<Entry["outcomeOf"]> }).asked;
    return { code, queries: (value as { queries: unknown[] } | null)?.queries.length ?? 0 };
  });
}

const notices = (): Promise<string[]> => page.evaluate(() => (globalThis as unknown as Held).notices);

/** Not waited for: the dead do not answer. */
function kill(worker: Worker, script: string): void {
  worker.evaluate(`void ${script}`).catch(() => {});
}

describe("a worker that is killed", () => {
  const uncaught = "setTimeout(() => { throw new Error('x'); })";

  for (const [when, text] of Object.entries({ "during a run": long, "between runs": names })) {
    attempt(`a worker that throws where nobody catches, ${when}`, async () => {
      await hold();
      const [worker] = page.workers();
      if (when === "during a run") await begin(text);
      kill(worker!, uncaught);
      if (when === "between runs") {
        await expect.poll(() => page.workers().includes(worker!)).toBe(false);
        await begin(text);
      }
      expect(await answer()).toEqual({ code: null, queries: 4 });
      return { outcome: "answered by another worker", code: (await notices()).join() };
    });
  }

  attempt("a worker that throws while it loads", async () => {
    let reached: (() => void) | undefined;
    const loading = new Promise<void>((resolve) => {
      reached = resolve;
    });
    await page.context().route("**/weights-1.bin", () => reached?.());
    const asked = call(page, "ask", { model: MODEL, backend: "wasm" }, { text: names });
    await loading;
    kill(page.workers()[0]!, uncaught);
    const { code } = await asked;
    expect(code).toBe("worker-failed");
    await page.context().unroute("**/weights-1.bin");
    expect((await call(page, "ask", { model: MODEL, backend: "wasm" }, { text: names })).code).toBeNull();
    return { tries: 2, outcome: "refused; the next one loads", code: "worker-failed" };
  });
});

describe("a worker that hears nonsense", () => {
  attempt("worker messages: anything, in any order", async () => {
    const count = effort.long ? 11_000 : 1000;
    const type = fc.constantFrom("start", "analyze", "run-rows", "abort", "answer", "__proto__", "");
    const messages = fc.sample(
      fc.oneof(
        fc.jsonValue(),
        fc.record({ type, id: fc.oneof(fc.nat(9), fc.jsonValue()), job: fc.jsonValue(), options: fc.jsonValue() }),
        fc.record({ type: fc.constant("analyze"), id: fc.nat(9), job: fc.object({ maxDepth: 2 }) }),
      ),
      { numRuns: count, seed: effort.seed },
    );
    await hold();
    const script = new URL(page.workers()[0]!.url()).pathname;
    const sent = messages.map((message) => JSON.parse(JSON.stringify(message)));
    const heard = await page.evaluate(
      async ([url, model, given, text]) => {
        const worker = new Worker(url, { type: "module" });
        const errors: string[] = [];
        worker.onerror = (event) => errors.push(event.message || "an error");
        const hear = (wanted: (data: { type: string; id?: number }) => boolean): Promise<{ type: string }> =>
          new Promise((resolve) => {
            const listen = ({ data }: MessageEvent): void => {
              if (!wanted(data)) return;
              worker.removeEventListener("message", listen);
              resolve(data);
            };
            worker.addEventListener("message", listen);
          });
        await hear(({ type }) => type === "alive");
        const half = given.length / 2;
        // Before it has started nothing but a start counts, and that nonsense of a start must not be the one.
        const early = given.slice(0, half).filter((message) => (message as { type?: string } | null)?.type !== "start");
        for (const message of early) worker.postMessage(message);
        const started = hear(({ type }) => type === "started" || type === "failed");
        const options = { model: new URL(model, location.href).href, backend: "wasm" };
        worker.postMessage({ type: "start", options });
        const first = (await started).type;
        for (const message of given.slice(half)) worker.postMessage(message);
        const job = { text, photo: null, queries: [], onlyQueries: false, nested: false, threshold: null };
        const answered = hear(({ id, type }) => id === 1e6 && type !== "received");
        worker.postMessage({ type: "analyze", id: 1e6, job });
        const last = (await answered).type;
        worker.terminate();
        return { first, last, errors };
      },
      [script, MODEL, sent, names] as const,
    );
    expect(heard).toEqual({ first: "started", last: "answer", errors: [] });
    return { tries: count, outcome: "ignored or answered; the worker lives and answers" };
  });
});

describe("a tab that is frozen and thawed", () => {
  /** In the long form longer than any patience of the engine. */
  const FROZEN_MS = effort.long ? 35_000 : 2000;

  /** Stops the processes of all tabs, as a lid that is shut or a phone's system does: every clock goes on meanwhile. */
  async function freeze(): Promise<void> {
    const devtools = await site.browser.newBrowserCDPSession();
    const { processInfo } = await devtools.send("SystemInfo.getProcessInfo");
    const tabs = processInfo.filter(({ type }) => type === "renderer").map(({ id }) => id);
    await page.evaluate(() => {
      const clock = globalThis as unknown as { longest: number };
      let last = performance.now();
      clock.longest = 0;
      setInterval(() => {
        clock.longest = Math.max(clock.longest, performance.now() - last);
        last = performance.now();
      }, 20);
    });
    for (const id of tabs) process.kill(id, "SIGSTOP");
    await new Promise((resolve) => setTimeout(resolve, FROZEN_MS));
    for (const id of tabs) process.kill(id, "SIGCONT");
    await page.waitForTimeout(200);
    // Frozen indeed.
    const longest = await page.evaluate(() => (globalThis as unknown as { longest: number }).longest);
    expect(longest).toBeGreaterThan(FROZEN_MS * 0.8);
  }

  attempt("frozen during a run", async () => {
    await hold();
    await begin(long);
    await freeze();
    expect(await answer()).toEqual({ code: null, queries: 4 });
    expect(await notices()).toEqual([]);
    return { outcome: "answered after the thaw" };
  });

  attempt("frozen while the model loads", async () => {
    let reached: (() => void) | undefined;
    const loading = new Promise<void>((resolve) => {
      reached = resolve;
    });
    await page.context().route("**/weights-1.bin", async (route) => {
      reached?.();
      await new Promise((resolve) => setTimeout(resolve, 500));
      await route.continue();
    });
    const asked = call(page, "ask", { model: MODEL, backend: "wasm" }, { text: names });
    await loading;
    await freeze();
    expect((await asked).code).toBeNull();
    await page.context().unroute("**/weights-1.bin");
    return { outcome: "loaded and answered after the thaw" };
  });
});
