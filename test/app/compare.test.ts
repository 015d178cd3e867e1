// The compare view: several systems on one tweet and photo, with the keyboard, on a phone, by address, taken along.
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { launchBrowser } from "../support/browser.js";
import { ADD_ONS, writeTinyAddOns } from "../support/tiny-add-ons.js";
import { type BuiltSite, buildSite, PUBLIC } from "./support/build-site.js";
import { composer, modelReady, openPage } from "./support/page.js";
import { openSite, type Site } from "./support/site.js";

const axeSource = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
const TITLES = ["MNER-QG", "BERT+CRF", "BasicModel", "MMNerModel", "UMT", "UMGF", "PromptMNER", "MQSPN"];
const tweet = "Ada Lovelace writes to Charles Babbage from London";

let built: BuiltSite;
let site: Site;
let browser: Browser;

beforeAll(async () => {
  built = await buildSite({ tinyModel: "1.0.0" });
  // Every system, as add-on folders bring them.
  await writeTinyAddOns(join(built.folder, "models"));
  site = await openSite(built.folder);
  browser = await launchBrowser();
});

afterAll(async () => {
  await browser?.close();
  await site?.close();
  built?.remove();
});

async function axe(page: Page): Promise<string[]> {
  await page.evaluate(axeSource);
  return page.evaluate(async () => {
    const { axe } = globalThis as unknown as {
      axe: { run(): Promise<{ violations: { id: string; nodes: { target: unknown }[] }[] }> };
    };
    return (await axe.run()).violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ target }) => String(target))}`);
  });
}

describe("the compare view", () => {
  it.each([
    ["light", 1280],
    ["dark", 360],
  ] as const)("asks each system, marks word by word, and is clean (%s, %i px)", async (colorScheme, width) => {
    const { page, context } = await openPage(browser, site.address, {
      colorScheme,
      viewport: { width, height: 800 },
      bypassCSP: true,
      serviceWorkers: "block",
    });
    await modelReady(page);
    await page.getByRole("link", { name: "Compare" }).focus();
    await page.keyboard.press("Enter");
    const view = page.locator("compare-view");
    await view.getByRole("heading", { name: "Several systems, side by side" }).waitFor();
    // Only what this site has is offered.
    await view.locator("fieldset label").nth(7).waitFor();
    expect((await view.locator("fieldset label").allTextContents()).map((label) => label.trim())).toEqual(TITLES);
    await view.locator("textarea").fill(tweet);
    await view.getByRole("button", { name: "Compare" }).press("Enter");
    await view.locator("mner-qg").nth(7).waitFor();
    await view.getByText(/They agree on \d+ of [1-9]\d* words in names\./).waitFor();
    // Really different systems: they do not agree on every word.
    expect(await view.locator("tr.differs").count()).toBeGreaterThan(0);
    expect(await axe(page)).toEqual([]);
    expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(width);
    const [json] = await Promise.all([
      page.waitForEvent("download"),
      view.getByRole("button", { name: "JSON" }).click(),
    ]);
    const saved = JSON.parse(readFileSync(await json.path(), "utf8"));
    expect(Object.keys(saved.systems)).toEqual(["mner-qg", ...ADD_ONS]);
    const [picture] = await Promise.all([
      page.waitForEvent("download"),
      view.getByRole("button", { name: "Picture" }).click(),
    ]);
    expect(
      readFileSync(await picture.path())
        .subarray(1, 4)
        .toString(),
    ).toBe("PNG");
    if (process.env.PICTURES) {
      await page.screenshot({ path: join(process.env.PICTURES, `compare-${width}.png`), fullPage: true });
    }
    await context.close();
  });

  it("lets each system say what it looked at, in its own kind of evidence", async () => {
    const { page, context } = await openPage(
      browser,
      `${site.address}#view=compare&text=${encodeURIComponent(tweet)}`,
      {
        serviceWorkers: "block",
        viewport: { width: 1280, height: 900 },
      },
    );
    const view = page.locator("compare-view");
    await view.locator("fieldset input").nth(7).waitFor();
    await view.locator("input[type=file]").first().setInputFiles(join(PUBLIC, "examples/astronaut.jpg"));
    await view.getByRole("button", { name: "Compare" }).click();
    await view.locator("mner-qg").nth(7).waitFor();
    const drawn: Record<string, readonly [string, number]> = {
      BasicModel: [".evidence .clues li", 1],
      MMNerModel: [".evidence .names button", 1],
      UMT: [".evidence .clues li", 1],
      UMGF: [".evidence .graph line", 1],
      PromptMNER: [".evidence .clues li", 8],
      MQSPN: [".evidence .slots li", 1],
    };
    for (const [title, [parts, least]] of Object.entries(drawn)) {
      const tag = view.getByRole("region", { name: title, exact: true }).locator("mner-qg");
      await tag.getByRole("button", { name: "Why" }).click();
      await tag.locator(parts).first().waitFor();
      expect(await tag.locator(parts).count(), title).toBeGreaterThanOrEqual(least);
      if (process.env.PICTURES) await tag.screenshot({ path: join(process.env.PICTURES, `why-${title}.png`) });
    }
    await context.close();
  });

  it("is opened by its address, with the systems and the tweet", async () => {
    const { page, context } = await openPage(
      browser,
      `${site.address}#view=compare&systems=umt&text=${encodeURIComponent(tweet)}`,
      { serviceWorkers: "block" },
    );
    const view = page.locator("compare-view");
    await view.locator("fieldset input").nth(7).waitFor();
    expect(
      await view.locator("fieldset input").evaluateAll((all) => all.map((box) => (box as HTMLInputElement).checked)),
    ).toEqual(TITLES.map((title) => title === "UMT"));
    expect(await view.locator("textarea").inputValue()).toBe(tweet);
    await view.getByRole("button", { name: "Compare" }).click();
    await view.locator(".answers section").waitFor();
    expect(await view.locator(".answers section").count()).toBe(1);
    expect(await composer(page).count()).toBe(1);
    await context.close();
  });
});
