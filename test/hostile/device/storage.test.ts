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
});
