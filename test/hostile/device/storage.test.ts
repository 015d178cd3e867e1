// Storage that is forbidden, full, damaged or taken away: loading goes on, and what was stored is never believed unseen.
import type { CDPSession, Page } from "playwright-core";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect } from "vitest";
import { attempts } from "../support/ledger.js";
import { call, type HostileSite, MODEL, openHostileSite } from "../support/site.js";

const attempt = attempts("3 device");
const ask = { model: MODEL, backend: "wasm" } as const;
const text = { text: "Ana Lima met John in New York" };
let site: HostileSite;
let page: Page;
let devtools: CDPSession;

beforeAll(async () => {
  site = await openHostileSite();
});
afterAll(() => site?.close());

async function open(): Promise<void> {
  await page.goto(`${site.origin}/hostile.html`);
  await page.waitForFunction("globalThis.entry !== undefined");
}

beforeEach(async () => {
  page = await (await site.browser.newContext()).newPage();
  devtools = await page.context().newCDPSession(page);
});
afterEach(() => page.context().close());

describe("storage", () => {
  attempt("that is denied", async () => {
    await page.addInitScript(() => {
      Object.defineProperty(globalThis, "caches", {
        get: () => {
          throw new DOMException("denied", "SecurityError");
        },
      });
    });
    await open();
    const told = await call(page, "ask", { ...ask, run: "page" }, text);
    expect([told.code, told.notices]).toEqual([null, ["storage-unavailable"]]);
    return { outcome: "goes on in memory, and says so", code: "storage-unavailable" };
  });

  attempt("that is full", async () => {
    await open();
    await devtools.send("Storage.overrideQuotaForOrigin", { origin: site.origin, quotaSize: 20_000 });
    const told = await call(page, "ask", ask, text);
    expect([told.code, told.notices]).toEqual([null, ["storage-full"]]);
    return { outcome: "goes on in memory, and says so", code: "storage-full" };
  });

  attempt("that is evicted between two loads", async () => {
    await open();
    await call(page, "ask", ask, text);
    expect(await call(page, "isModelStored", MODEL)).toBe(true);
    await devtools.send("Storage.clearDataForOrigin", { origin: site.origin, storageTypes: "all" });
    expect(await call(page, "isModelStored", MODEL)).toBe(false);
    const told = await call(page, "ask", ask, text);
    expect([told.code, await call(page, "isModelStored", MODEL)]).toEqual([null, true]);
    return { tries: 2, outcome: "downloaded and stored again" };
  });

  attempt("that is evicted while a model is being stored", async () => {
    await open();
    let evicted = false;
    await page.context().route("**/weights-1.bin", async (route) => {
      evicted = true;
      // It may not come back before what the page is just storing has ended.
      const clearing = devtools.send("Storage.clearDataForOrigin", { origin: site.origin, storageTypes: "all" });
      await Promise.race([clearing, new Promise((resolve) => setTimeout(resolve, 2000))]);
      await route.continue();
    });
    const told = await call(page, "ask", ask, text);
    expect([told.code, evicted]).toEqual([null, true]);
    // Half of it is gone: it must not count as stored, or it must be whole.
    await page.context().unroute("**/weights-1.bin");
    const stored = await call(page, "isModelStored", MODEL);
    const again = await call(page, "ask", ask, text);
    expect([again.code, again.spans]).toEqual([null, told.spans]);
    return { tries: 2, outcome: `answered; ${stored ? "stored whole" : "not taken for stored"}, and answered again` };
  });

  attempt("that is full at any one write", async () => {
    // In the page, where its own cache can be told which write to refuse; that of a worker cannot.
    await page.addInitScript(() => {
      const state = { at: 0, puts: 0 };
      Object.assign(globalThis, { refusal: state });
      const put = Cache.prototype.put;
      Cache.prototype.put = function (request, response) {
        // What else is kept, such as which kernel is faster here, is not the model.
        const ofModel = String(request).startsWith("https://model.mner-qg.invalid/");
        if (!ofModel || ++state.puts !== state.at) return put.call(this, request, response);
        return Promise.reject(new DOMException("The quota has been exceeded.", "QuotaExceededError"));
      };
    });
    await open();
    const refuse = (at: number): Promise<number> =>
      page.evaluate((next) => {
        const { refusal } = globalThis as unknown as { refusal: { at: number; puts: number } };
        const before = refusal.puts;
        Object.assign(refusal, { at: next, puts: 0 });
        return before;
      }, at);
    const inPage = { ...ask, run: "page" } as const;
    const sound = await call(page, "ask", inPage, text);
    const writes = await refuse(0);
    expect(writes).toBeGreaterThan(4);
    for (let at = 1; at <= writes; at++) {
      await call(page, "forgetStoredModels");
      await refuse(at);
      const told = await call(page, "ask", inPage, text);
      expect([at, told.code, told.spans]).toEqual([at, null, sound.spans]);
      expect(told.notices, `write ${at}`).toEqual(["storage-full"]);
      // Half of it is never taken for the whole; with room again it becomes whole.
      await refuse(0);
      const again = await call(page, "ask", inPage, text);
      expect([at, again.code, again.notices, again.spans]).toEqual([at, null, [], sound.spans]);
      expect(await call(page, "isModelStored", MODEL)).toBe(true);
    }
    return { tries: 2 * writes, outcome: "answers, says so, and is whole the next time", code: "storage-full" };
  });

  attempt("that two tabs fill with one model at once", async () => {
    await open();
    const second = await page.context().newPage();
    await second.goto(`${site.origin}/hostile.html`);
    await second.waitForFunction("globalThis.entry !== undefined");
    // Both are under way before either has a whole file.
    let waiting: (() => void)[] = [];
    await page.context().route("**/weights-*.bin", async (route) => {
      await new Promise<void>((resolve) => {
        waiting.push(resolve);
        if (waiting.length < 4) return;
        for (const go of waiting) go();
        waiting = [];
      });
      await route.continue();
    });
    const release = setInterval(() => {
      for (const go of waiting.splice(0)) go();
    }, 3000);
    const both = await Promise.all([call(page, "ask", ask, text), call(second, "ask", ask, text)]);
    clearInterval(release);
    for (const one of both) expect([one.code, one.notices, one.spans]).toEqual([null, [], both[0].spans]);
    const cached = await page.evaluate(async () => (await caches.keys()).filter((name) => name.includes("-model/")));
    expect(cached).toHaveLength(1);
    // Nothing more is fetched: what they stored is one whole release.
    await page.context().unroute("**/weights-*.bin");
    await page.context().route("**/weights-*.bin", (route) => route.abort());
    const third = await page.context().newPage();
    await third.goto(`${site.origin}/hostile.html`);
    await third.waitForFunction("globalThis.entry !== undefined");
    const after = await call(third, "ask", ask, text);
    expect([after.code, after.spans]).toEqual([null, both[0].spans]);
    return { tries: 3, outcome: "both answer, one whole release is stored" };
  });

  attempt("of a private window", async () => {
    // Contexts are windows of that kind: nothing of one is seen by another, or left when it closes.
    const [one, other] = await Promise.all([site.browser.newContext(), site.browser.newContext()]);
    const [inOne, inOther] = await Promise.all([one.newPage(), other.newPage()]);
    for (const tab of [inOne, inOther]) {
      await tab.goto(`${site.origin}/hostile.html`);
      await tab.waitForFunction("globalThis.entry !== undefined");
    }
    const told = await call(inOne, "ask", ask, text);
    expect([told.code, told.notices, await call(inOne, "isModelStored", MODEL)]).toEqual([null, [], true]);
    expect(await call(inOther, "isModelStored", MODEL)).toBe(false);
    await one.close();
    expect((await call(inOther, "ask", ask, text)).spans).toEqual(told.spans);
    await other.close();
    return { tries: 2, outcome: "answers and stores as in any other, and leaves nothing" };
  });
});
