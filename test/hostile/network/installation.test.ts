// The service worker's thread killed in the middle of an installation, as a phone does that needs the memory: the next visit goes
// on from what is there, and nothing counts as installed before it is whole.
import type { Browser, CDPSession, Page } from "playwright-core";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect } from "vitest";
import { type BuiltSite, buildSite } from "../../app/support/build-site.js";
import { answerTo, composer, modelReady, offlineReady, openPage } from "../../app/support/page.js";
import { openSite, type Site } from "../../app/support/site.js";
import { launchBrowser } from "../../support/browser.js";
import { attempts } from "../support/ledger.js";

const attempt = attempts("2 network");
let built: BuiltSite;
let site: Site;
let browser: Browser;
let page: Page;
let devtools: CDPSession;
let close: () => Promise<void>;

beforeAll(async () => {
  built = await buildSite({ tinyModel: "1.0.0" });
  browser = await launchBrowser();
});
afterAll(async () => {
  await browser?.close();
  built?.remove();
});
beforeEach(async () => {
  site = await openSite(built.folder);
});
afterEach(async () => {
  await close();
  await site.close();
});

/** Ends every thread of a service worker, whatever it is doing. */
async function kill(): Promise<void> {
  await devtools.send("ServiceWorker.enable");
  await devtools.send("ServiceWorker.stopAllWorkers");
}

const state = (): Promise<string> =>
  page.evaluate(async () => {
    const registration = await navigator.serviceWorker.getRegistration();
    if (registration?.active) return "active";
    return registration?.installing || registration?.waiting ? "on its way" : "none";
  });

/** Whether a version says of itself that it is whole. */
const isWhole = (): Promise<boolean> =>
  page.evaluate(async () => (await caches.match("https://app.mner-qg.invalid/version")) !== undefined);

/** Files that the page asks for only when they are needed, and the worker at once. */
const later = (path: string): boolean => /\/assets\/(?:batch|compare)[^/]*\.js$/.test(path);

describe("a service worker that is killed while it installs", () => {
  for (const times of [1, 3]) {
    attempt(times === 1 ? "once" : `${times} times in a row`, async () => {
      for (let time = 0; time < times; time++) {
        const release = site.hold(later);
        const before = site.requests.length;
        if (time === 0) {
          const opened = await openPage(browser, site.address);
          close = () => opened.context.close();
          ({ page } = opened);
          devtools = await opened.context.newCDPSession(page);
        } else await page.goto(site.address);
        await modelReady(page);
        await expect.poll(() => site.requests.slice(before).some(later), { timeout: 30_000 }).toBe(true);
        expect([await state(), await isWhole()]).toEqual(["on its way", false]);
        await kill();
        release();
        // Nobody goes on with it by himself.
        await page.waitForTimeout(500);
        expect(await isWhole()).toBe(false);
      }
      await page.goto(site.address);
      await modelReady(page);
      await offlineReady(page);
      expect([await state(), await isWhole()]).toEqual(["active", true]);
      // Whole means whole: without any network the page starts and answers.
      site.fault = () => "cut";
      await page.goto(site.address);
      await composer(page).fill("Ada in Oslo");
      expect((await answerTo(page, "Ada in Oslo")).text).toBe("Ada in Oslo");
      return { tries: times + 1, outcome: "the next visit goes on; nothing counts before it is whole" };
    });
  }
});
