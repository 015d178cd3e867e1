// What other sites and other copies of the app can do to what this one keeps on the device.
import type { Page } from "playwright-core";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect } from "vitest";
import { type EngineSite, openSite } from "../../support/engine-site.js";
import { attempts } from "../support/ledger.js";
import type * as PwaPage from "../support/pwa-page.js";

const attempt = attempts("5 security");
type Held = { entry: typeof PwaPage };
let site: EngineSite;
let page: Page;

beforeAll(async () => {
  site = await openSite({ entries: { pwa: "test/hostile/support/pwa-page.ts" } });
});
afterAll(() => site?.close());
beforeEach(async () => {
  page = await (await site.browser.newContext()).newPage();
  await page.goto(`${site.origin}/pwa.html`);
  await page.waitForFunction("globalThis.entry !== undefined");
});
afterEach(() => page.context().close());

const share = (photos: number, bytes: number, text = "") =>
  page.evaluate((given) => (globalThis as unknown as Held).entry.share(...given), [photos, bytes, text] as const);

describe("the share inbox", () => {
  attempt("forms of other sites with any number of bytes", async () => {
    const mebibyte = 2 ** 20;
    const large = await share(4, 40 * mebibyte);
    expect([large.id, large.kept]).toEqual(["failed", 0]);
    // Again and again: what nobody came for makes room.
    for (let time = 0; time < 12; time++) expect((await share(2, mebibyte)).kept).toBeLessThan(10 * mebibyte);
    const many = await share(150, 1000, "x".repeat(1_000_000));
    const taken = await page.evaluate((id) => (globalThis as unknown as Held).entry.take(id), many.id);
    expect(taken).toEqual({ text: 100_000, photos: 20 });
    return { tries: 14, outcome: "limits for one share and for all that wait" };
  });
});

describe("two copies of the app on one origin", () => {
  for (const other of ["whole", "installing"] as const) {
    attempt(`a release that the other copy (${other}) needs as well`, async () => {
      const going = await page.evaluate(
        (state) => (globalThis as unknown as Held).entry.updateBesideAnother(state),
        other,
      );
      expect(going).toEqual([]);
      return { outcome: "kept" };
    });
  }
});
