// The page for everyone: with the keyboard alone, and as axe reads it in both themes, on a desktop and on a phone.
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { launchBrowser } from "../support/browser.js";
import { type BuiltSite, buildSite } from "./support/build-site.js";
import { answerTo, composer, modelReady, openPage } from "./support/page.js";
import { openSite, type Site } from "./support/site.js";

const axeSource = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");

let built: BuiltSite;
let site: Site;
let browser: Browser;
let page: Page;

beforeAll(async () => {
  built = await buildSite({ tinyModel: "1.0.0" });
  site = await openSite(built.folder);
  browser = await launchBrowser();
  ({ page } = await openPage(browser, site.address));
});

afterAll(async () => {
  await browser?.close();
  await site?.close();
  built?.remove();
});

describe("everyone", () => {
  /** Every place that Tab leads to, as a reader of the screen would name it. */
  async function tabThrough(most: number): Promise<string[]> {
    const seen: string[] = [];
    for (let step = 0; step < most; step++) {
      await page.keyboard.press("Tab");
      const name = await page.evaluate(() => {
        let active = document.activeElement;
        while (active?.shadowRoot?.activeElement) active = active.shadowRoot.activeElement;
        if (!active || active === document.body) return "";
        const label =
          active.getAttribute("aria-label") ??
          (active as HTMLInputElement).labels?.[0]?.textContent ??
          active.textContent;
        return `${active.localName}: ${label?.trim().replace(/\s+/g, " ")}`;
      });
      if (name === "" && seen.length > 0) break;
      seen.push(name);
    }
    return seen;
  }

  it("gets through the whole page with the keyboard alone", async () => {
    await page.goto(site.address);
    await modelReady(page);
    const stops = await tabThrough(60);
    for (const wanted of [
      "button: Skip to the page",
      "a: One tweet",
      "a: Many tweets",
      "button: Colours: as the system. Change to light.",
      "textarea: Your tweet",
      "button: Photo",
      "button: Take a photo",
      "button: Find names",
      "button: Pilot",
      "button: Cat",
      "summary: Fine tuning",
      "button: Run it here",
      "summary: Save or share",
    ]) {
      expect(stops).toContain(wanted);
    }
    // The answer itself is one stop, walked through with arrows.
    expect(stops.some((stop) => /Eileen Collins/.test(stop))).toBe(true);
  });

  it("is led from example to answer to another view without a mouse", async () => {
    await page.goto(site.address);
    await composer(page).focus();
    await page.keyboard.press("ControlOrMeta+A");
    await page.keyboard.type("Typed by hand in Bergen");
    await page.keyboard.press("ControlOrMeta+Enter");
    await answerTo(page, "Typed by hand in Bergen");
    await page.getByRole("link", { name: "Many tweets" }).focus();
    await page.keyboard.press("Enter");
    await page.getByRole("heading", { name: "Many tweets at once" }).waitFor();
    await page.getByRole("button", { name: "Take the sample" }).press("Enter");
    await page.getByRole("button", { name: "Start" }).press("Enter");
    await page.getByText("8 of 8 tweets").waitFor();
    await page.getByRole("button", { name: "Names" }).press("Enter");
    await page
      .getByRole("button", { name: /^Look at line/ })
      .first()
      .press("Enter");
    await page.locator("batch-table mner-qg").waitFor();
  });

  it.each([
    ["light", 1280],
    ["dark", 1280],
    ["light", 360],
    ["dark", 360],
  ] as const)("finds nothing wrong with axe (%s, %i px)", async (colorScheme, width) => {
    const { page: other, context } = await openPage(browser, site.address, {
      colorScheme,
      viewport: { width, height: 800 },
      bypassCSP: true,
    });
    await modelReady(other);
    await other.evaluate(axeSource);
    const check = async (state: string): Promise<void> => {
      const found = await other.evaluate(async () => {
        const { axe } = globalThis as unknown as {
          axe: {
            run(): Promise<{ violations: { id: string; nodes: { target: unknown; failureSummary: string }[] }[] }>;
          };
        };
        const { violations } = await axe.run();
        return violations.map(
          ({ id, nodes }) =>
            `${id}: ${nodes.map(({ target, failureSummary }) => `${String(target)} ${failureSummary}`).join("; ")}`,
        );
      });
      expect(found, state).toEqual([]);
    };
    await check("the first example");
    await other.getByText("Fine tuning").click();
    await other.getByText("Save or share").click();
    await other.getByRole("button", { name: "Your own" }).click();
    await other.getByRole("button", { name: "Add", exact: true }).click();
    await check("everything open, with a mistake");
    // The first edit takes the example's photo away as well.
    await composer(other).fill("");
    await check("nothing given");
    await other.getByRole("link", { name: "Many tweets" }).click();
    await other.getByRole("button", { name: "Take the sample" }).waitFor();
    await check("no file");
    await other.getByRole("button", { name: "Take the sample" }).click();
    await other.getByRole("button", { name: "Start" }).click();
    await other.getByText("8 of 8 tweets").waitFor();
    await other
      .getByRole("button", { name: /^Look at line/ })
      .first()
      .click();
    await check("a batch with scores");
    // Nothing sticks out of a narrow screen.
    expect(await other.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(width);
    await context.close();
  });
});
