// The way people meet the page: open it, see a finished example, take the train, do it again without a network. With the
// model as it is shipped.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import type { Browser, BrowserContext, CDPSession, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { launchBrowser } from "../support/browser.js";
import { type BuiltSite, buildSite } from "./support/build-site.js";
import {
  answerTo,
  composer,
  hand,
  modelReady,
  offlineReady,
  openPage,
  openTab,
  PATIENCE,
  photo,
  shown,
} from "./support/page.js";
import { openSite, type Site } from "./support/site.js";

const BASE = "/some/deep/path/";
const tweet = "Eileen Collins joined NASA in 1990.";
/** Where she is in astronaut.jpg. */
const pilot = [20, 14, 366, 510] as const;

let built: BuiltSite;
let site: Site;
let browser: Browser;
let context: BrowserContext;
let page: Page;
let errors: string[];
let devtools: CDPSession;
/** Scripts and WebAssembly that the first visit asked for. */
const code = new Set<string>();

function overlap(a: readonly number[], b: readonly number[]): number {
  const width = Math.min(a[2]!, b[2]!) - Math.max(a[0]!, b[0]!);
  const height = Math.min(a[3]!, b[3]!) - Math.max(a[1]!, b[1]!);
  const area = ([x0, y0, x1, y1]: readonly number[]): number => (x1! - x0!) * (y1! - y0!);
  const common = Math.max(0, width) * Math.max(0, height);
  return common / (area(a) + area(b) - common);
}

/** What these files of the site weigh on their way. */
function downloaded(files: Iterable<string>): number {
  return [...files].reduce((sum, path) => sum + gzipSync(readFileSync(join(built.folder, path))).length, 0);
}

async function goOffline(offline: boolean): Promise<void> {
  site.fault = () => (offline ? "cut" : null);
  await context.setOffline(offline);
}

beforeAll(async () => {
  built = await buildSite({});
  site = await openSite(built.folder, undefined, BASE);
  browser = await launchBrowser();
});

afterAll(async () => {
  await browser?.close();
  await site?.close();
  built?.remove();
});

describe("a first visit", () => {
  it("shows a finished example before any of the model is there", async () => {
    // Only what the page's own HTML names is let through: whatever else it asks for, it must not need.
    const html = readFileSync(join(built.folder, "index.html"), "utf8");
    const first = [...html.matchAll(/(?:src|href)="([^"]+\.js)"/g)].map(
      ([, path]) => new URL(path!, site.address).pathname,
    );
    const release = site.hold((path) => path.includes("/models/") || (path.endsWith(".js") && !first.includes(path)));
    ({ page, context, errors } = await openPage(browser, "about:blank"));
    page.on("request", (request) => {
      const { pathname } = new URL(request.url());
      // What the service worker fetches ahead, for later, is nobody's wait.
      if (/\.(?:js|wasm)$/.test(pathname) && !request.serviceWorker()) code.add(pathname.slice(BASE.length));
    });
    await page.addInitScript(() => {
      const state = globalThis as unknown as { shifted: number; longest: number };
      state.shifted = state.longest = 0;
      new PerformanceObserver((list) => {
        for (const entry of list.getEntries()) state.shifted += (entry as unknown as { value: number }).value;
      }).observe({ type: "layout-shift", buffered: true });
    });
    await page.goto(site.address);
    await page.locator("result-panel mner-qg .box").first().waitFor();
    const result = (await shown(page))!;
    expect(result.entities.find(({ type }) => type === "PER")?.text).toBe("Eileen Collins");
    await page.getByText("An answer stored with the page").waitFor();
    // What it took to get there.
    const bytes = downloaded(first.map((path) => path.slice(BASE.length)));
    expect(bytes).toBeGreaterThan(0);
    expect(bytes).toBeLessThan(60_000);
    release();
  });

  it("is usable while the model loads, and says how far that is", async () => {
    await modelReady(page);
    expect(await page.evaluate(() => (globalThis as unknown as { shifted: number }).shifted)).toBeLessThan(0.05);
  });

  it("needs no more script and WebAssembly for a first answer than its budget", () => {
    // The page's own script is part of it. Code for WebGPU, which is tried first, has a budget of its own: `npm run budgets`.
    const bytes = downloaded([...code].filter((path) => !/\/webgpu-/.test(path)));
    expect([...code].some((path) => path.endsWith(".wasm"))).toBe(true);
    expect(bytes).toBeLessThan(320_000);
  });

  it("says that it is ready offline only when it is", async () => {
    await offlineReady(page);
    await page.locator("model-status").getByText("Ready offline").waitFor();
    const stored = await page.evaluate(async () => {
      const names = await caches.keys();
      const counts = await Promise.all(names.map(async (name) => (await (await caches.open(name)).keys()).length));
      return Object.fromEntries(names.map((name, index) => [name.split(/[ /]/)[0]!, counts[index]!]));
    });
    expect(stored["mner-qg-app"]).toBeGreaterThan(30);
    expect(stored["mner-qg-model"]).toBeGreaterThan(5);
  });

  it("can be installed: manifest, icons and service worker are as browsers want them", async () => {
    devtools = await context.newCDPSession(page);
    const { errors: faults, data } = await devtools.send("Page.getAppManifest");
    expect(faults).toEqual([]);
    const manifest = JSON.parse(data!) as {
      icons: { src: string; sizes: string; purpose: string }[];
      share_target: unknown;
      file_handlers: unknown;
    };
    expect(manifest.share_target).toMatchObject({ method: "POST", enctype: "multipart/form-data" });
    expect(manifest.file_handlers).toHaveLength(1);
    expect(manifest.icons.map(({ purpose }) => purpose)).toContain("maskable");
    for (const { src } of manifest.icons) {
      expect((await page.request.get(new URL(src, site.address).href)).ok()).toBe(true);
    }
    const { installabilityErrors } = await devtools.send("Page.getInstallabilityErrors");
    // A private window, as tests have, is never installable; nothing else may be wrong.
    expect(installabilityErrors.map(({ errorId }) => errorId).filter((id) => id !== "in-incognito")).toEqual([]);
  });
});

describe("without a network", () => {
  it("does it all again: a dropped photo with its tweet", async () => {
    await goOffline(true);
    await page.reload();
    await modelReady(page);
    await offlineReady(page);
    await page.getByRole("button", { name: /^Take the photo .* away$/ }).click();
    await hand(page, "drop", { text: tweet, files: { "astronaut.jpg": photo("astronaut.jpg") } });
    await expect.poll(async () => (await shown(page))?.image?.width ?? 0, { timeout: PATIENCE }).toBe(512);
    const result = await answerTo(page, tweet);
    const named = Object.fromEntries(result.entities.map((entity) => [entity.text, entity]));
    expect(named["Eileen Collins"]?.type).toBe("PER");
    expect(named.NASA?.type).toBe("ORG");
    expect(overlap(named["Eileen Collins"]!.region!.box, pilot)).toBeGreaterThan(0.5);
    await page.locator("result-panel mner-qg .box").first().waitFor();
    // A type nobody trained for: only its words are new.
    await page.getByRole("button", { name: "Vehicle" }).click();
    await expect
      .poll(async () => (await shown(page))?.queries.map(({ type }) => type) ?? [], { timeout: PATIENCE })
      .toContain("Vehicle");
  });

  it("gives the answer that was stored with the page", async () => {
    const stored = JSON.parse(readFileSync(new URL("../../src/app/examples/astronaut.json", import.meta.url), "utf8"));
    await page.goto(site.address);
    await modelReady(page);
    // One's own tweet and photo survive; the example is one click away.
    await page.getByRole("button", { name: "Pilot" }).click();
    await page.getByRole("button", { name: "Run it here" }).click();
    await page.locator("stage-times summary").waitFor();
    const live = (await shown(page))!;
    expect(live.model).toEqual(stored.model);
    expect(live.entities.map(({ text, type }) => `${text} ${type}`)).toEqual(
      stored.entities.map(({ text, type }: { text: string; type: string }) => `${text} ${type}`),
    );
    for (const [index, { region }] of live.entities.entries()) {
      const expected = stored.entities[index].region;
      expect(region === null).toBe(expected === null);
      if (region) expect(overlap(region.box, expected.box)).toBeGreaterThan(0.99);
    }
  });

  it("explains itself when a file of the model has gone, and heals when the network is back", async () => {
    await page.evaluate(async () => {
      const name = (await caches.keys()).find((key) => key.startsWith("mner-qg-model/"))!;
      const cache = await caches.open(name);
      const shard = (await cache.keys()).find(({ url }) => url.endsWith("weights-1.bin"))!;
      await cache.delete(shard);
    });
    // Else the browser's own cache would quietly mend it.
    await devtools.send("Network.clearBrowserCache");
    await page.reload();
    await page.locator("model-status").getByText("The model is not loaded.").waitFor();
    await page
      .locator("model-status [role=status]")
      .getByText(/connect|network|reach/i)
      .waitFor({ state: "attached" });
    expect(
      await page
        .locator("page-foot")
        .getByText(/^Ready offline:/)
        .count(),
    ).toBe(0);
    // The example that came with the page is still there to look at.
    expect((await shown(page))?.entities.length).toBeGreaterThan(0);
    await goOffline(false);
    await page.locator("model-status").getByRole("button", { name: "Try again" }).click();
    await modelReady(page);
    await offlineReady(page);
  });
});

describe("a device without room", () => {
  it("works all the same, and says that it will not offline", async () => {
    await goOffline(false);
    const full = await openPage(browser, "about:blank");
    const session = await full.context.newCDPSession(full.page);
    const { origin } = new URL(site.address);
    await session.send("Storage.overrideQuotaForOrigin", { origin, quotaSize: 5_000_000 });
    await full.page.goto(site.address);
    await modelReady(full.page);
    await full.page
      .locator("page-foot")
      .getByText(/^Not ready offline: .*(full|store)/)
      .waitFor();
    await composer(full.page).fill(tweet);
    expect((await answerTo(full.page, tweet)).entities.length).toBeGreaterThan(0);
    await full.context.close();
  });
});

describe("the policy", () => {
  it("was never broken, and nothing was asked of another host", async () => {
    const { page: other, errors: faults } = await openTab(context, site.address);
    const asked: string[] = [];
    other.on("request", (request) => asked.push(request.url()));
    await other.reload();
    await modelReady(other);
    expect(asked.filter((url) => !url.startsWith(site.address))).toEqual([]);
    expect(site.violations).toEqual([]);
    expect([...errors, ...faults].filter((error) => !/net::ERR_|Failed to load resource/.test(error))).toEqual([]);
  });
});
