// From one version to the next: two tabs open, another model, a download that breaks. No error, no mixture, nothing lost.
import type { Browser, BrowserContext, Page } from "playwright-core";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
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

let versionA: BuiltSite;
let versionB: BuiltSite;
let site: Site;
let browser: Browser;
let context: BrowserContext;
let first: Page;
let errors: string[];

beforeAll(async () => {
  versionA = await buildSite({ tinyModel: "1.0.0" });
  versionB = await buildSite({ tinyModel: "2.0.0", mark: "Version B" });
  browser = await launchBrowser();
});

afterAll(async () => {
  await browser?.close();
  versionA?.remove();
  versionB?.remove();
});

beforeEach(async () => {
  site = await openSite(versionA.folder);
  const opened = await openPage(browser, site.address);
  ({ page: first, context, errors } = opened);
  await offlineReady(first);
});

afterEach(async () => {
  await context.close();
  await site.close();
});

const look = (page: Page): Promise<unknown> =>
  page.evaluate(async () => (await navigator.serviceWorker.getRegistration())?.update().catch(() => null));
const offer = (page: Page) => page.getByText("A new version is here, fetched and checked.");
const isB = (page: Page) => page.getByText("Version B.", { exact: false });
const caches = (page: Page): Promise<string[]> => page.evaluate(() => globalThis.caches.keys());
const appCaches = async (page: Page): Promise<string[]> =>
  (await caches(page)).filter((name) => name.startsWith("mner-qg-app/"));

async function read(page: Page, text: string) {
  await composer(page).fill(text);
  return answerTo(page, text);
}

describe("an update", () => {
  it("is fetched whole, offered, and taken by one tab while the other goes on", async () => {
    const second = await openTab(context, site.address);
    await modelReady(second.page);
    await read(second.page, "Work of the second tab");
    await read(first, "Work of the first tab");
    await hand(first, "drop", { files: { "coffee.jpg": photo("coffee.jpg") } });
    await expect.poll(async () => (await shown(first))?.image?.width ?? 0, { timeout: PATIENCE }).toBe(600);

    site.serve(versionB.folder);
    await look(first);
    await offer(first).waitFor();
    await offer(second.page).waitFor();
    // Offered means there: version B and its model, beside version A and its own.
    expect(await appCaches(first)).toHaveLength(2);
    expect((await caches(first)).filter((name) => /^mner-qg-model\/1\/tiny\//.test(name))).toHaveLength(2);

    // From here on there is no network: nothing may be missing.
    site.fault = () => "cut";
    await first.getByRole("button", { name: "Reload" }).click();
    await isB(first).waitFor();
    const kept = await answerTo(first, "Work of the first tab");
    expect(kept.image).toEqual({ width: 600, height: 400 });
    expect(kept.model).toEqual({ name: "tiny", version: "2.0.0" });

    // The second tab is still version A, with A's model and A's chunks, some of which it asks for only now.
    await second.page.getByText("Another tab switched to a new version.").waitFor();
    expect((await read(second.page, "The second tab goes on")).model.version).toBe("1.0.0");
    await second.page.getByRole("link", { name: "Many tweets" }).click();
    await second.page.getByRole("button", { name: "Take the sample" }).click();
    await second.page.getByRole("button", { name: "Start" }).click();
    await second.page.getByText("8 of 8 tweets").waitFor();
    await second.page.getByText("Fine tuning").count();
    await second.page.getByRole("link", { name: "One tweet" }).click();
    await second.page.getByText("Fine tuning").click();
    await second.page.getByLabel("Computes on").selectOption("cpu");
    await second.page.getByText("Ready on plain JavaScript").waitFor();
    expect((await read(second.page, "On another backend, of the old version")).model.version).toBe("1.0.0");
    expect(await isB(second.page).count()).toBe(0);

    // When it reloads it is B, with its work; and when no page is A any more, A goes.
    await second.page.getByRole("button", { name: "Reload" }).click();
    await isB(second.page).waitFor();
    expect((await answerTo(second.page, "On another backend, of the old version")).model.version).toBe("2.0.0");
    await expect.poll(() => appCaches(first), { timeout: PATIENCE }).toHaveLength(1);
    expect((await caches(first)).filter((name) => name.includes("/1.0.0/"))).toEqual([]);
    const failed = [...errors, ...second.errors].filter((error) => !/net::ERR_|Failed to load resource/.test(error));
    expect(failed).toEqual([]);
    expect(site.violations).toEqual([]);
  });

  it.each(["half", "cut"] as const)(
    "that breaks (%s) leaves the old version whole, and is made good later",
    async (fault) => {
      await read(first, "Before the broken update");
      site.serve(versionB.folder);
      // The last thing an update needs is its model: break that, and everything before it has gone well.
      site.fault = (path) => (/\/models\/.*\.bin$/.test(path) ? fault : null);
      await look(first);
      await expect
        .poll(() => site.requests.filter((path) => /\/models\/.*\.bin$/.test(path)).length, { timeout: PATIENCE })
        .toBeGreaterThan(3);
      await expect
        .poll(
          () => first.evaluate(async () => (await navigator.serviceWorker.getRegistration())?.installing === null),
          {
            timeout: PATIENCE,
          },
        )
        .toBe(true);
      expect(await offer(first).count()).toBe(0);

      // Version A works on, and also after a reload without a network.
      site.fault = () => "cut";
      await first.reload();
      await offlineReady(first);
      expect(await isB(first).count()).toBe(0);
      expect((await read(first, "After the broken update")).model.version).toBe("1.0.0");

      // With the network back it goes on from where it broke.
      site.fault = () => null;
      const asked = site.requests.length;
      await look(first);
      await offer(first).waitFor();
      expect(site.requests.slice(asked).filter((path) => path.startsWith("/assets/"))).toEqual([]);
      await first.getByRole("button", { name: "Reload" }).click();
      await isB(first).waitFor();
      expect((await answerTo(first, "After the broken update")).model.version).toBe("2.0.0");
      expect(errors.filter((error) => !/net::ERR_|Failed to load resource/.test(error))).toEqual([]);
    },
  );

  it("never takes files that are not its own, even when the host mixes them", async () => {
    // Half way through a deployment: B's service worker is there, the rest is still A's.
    const { cpSync, mkdtempSync, rmSync } = await import("node:fs");
    const { tmpdir } = await import("node:os");
    const { join } = await import("node:path");
    const mixed = mkdtempSync(join(tmpdir(), "mner-qg-mixed-"));
    cpSync(versionA.folder, mixed, { recursive: true });
    cpSync(join(versionB.folder, "service-worker.js"), join(mixed, "service-worker.js"));
    site.serve(mixed);
    await look(first);
    await expect
      .poll(() => first.evaluate(async () => (await navigator.serviceWorker.getRegistration())?.installing === null), {
        timeout: PATIENCE,
      })
      .toBe(true);
    expect(await offer(first).count()).toBe(0);
    await first.reload();
    await offlineReady(first);
    expect((await read(first, "Still version A")).model.version).toBe("1.0.0");
    rmSync(mixed, { recursive: true, force: true });
  });
});
