// The tag with the engine and the model that are shipped.
import { join } from "node:path";
import type { Browser } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { launchBrowser } from "../support/browser.js";
import { type BuiltEngine, buildEngine } from "../support/build-engine.js";
import { type Served, serve } from "../support/serve.js";
import { axeFindings, root } from "./support.js";

let built: BuiltEngine;
let served: Served;
let browser: Browser;
const pages = new Map<string, string>();
const model = "/models/mner-qg-mini/";

beforeAll(async () => {
  built = await buildEngine({ "mner-qg": "src/element/index.ts" });
  served = await serve({
    folders: { "/models": join(root, "public/models"), "/examples": join(root, "public/examples"), "": built.folder },
    pages,
  });
  browser = await launchBrowser();
});
afterAll(async () => {
  await browser?.close();
  await served?.close();
  built?.remove();
});

const page = (body: string): string =>
  `<!doctype html><html lang="en"><head><meta charset="utf-8"><title>Model</title><script type="module" src="/mner-qg.js"></script><script>
    window.results = []; window.failures = [];
    document.addEventListener("mner-result", ({ target, detail }) => window.results.push([target.id, detail.result]));
    document.addEventListener("mner-error", ({ detail }) => window.failures.push(detail.error.message));
  </script></head><body><main><h1>Model</h1>${body}</main></body></html>`;

interface Heard {
  readonly results: [string, { entities: { text: string; type: string; region: unknown }[]; backend: string }][];
  readonly failures: string[];
}

describe("the tag with its model", () => {
  it("finds who is named and where the photo shows them, and shares engine and download among tags", async () => {
    pages.set(
      "/collins.html",
      page(
        `<mner-qg id="photo" model="${model}" src="/examples/astronaut.jpg" alt="An astronaut before a flag" list why>Eileen Collins, first woman to command a Space Shuttle, joined @NASA in 1990.</mner-qg>
         <mner-qg id="text" model="${model}" loading="eager">Barack Obama visited Berlin and met Angela Merkel.</mner-qg>`,
      ),
    );
    const tab = await browser.newPage();
    await tab.goto(`${served.origin}/collins.html`);
    await tab.waitForFunction(() => (window as unknown as Heard).results.length === 2, undefined, { timeout: 150_000 });
    const { results, failures } = await tab.evaluate(() => {
      const { results, failures } = window as unknown as Heard;
      return { results, failures };
    });
    expect(failures).toEqual([]);
    const byTag = new Map(results);
    expect(byTag.get("photo")!.entities).toContainEqual(
      expect.objectContaining({ text: "Eileen Collins", type: "PER", region: expect.anything() }),
    );
    expect(byTag.get("text")!.entities.map(({ text, type }) => `${text} ${type}`)).toEqual(
      expect.arrayContaining(["Barack Obama PER", "Berlin LOC", "Angela Merkel PER"]),
    );
    const shards = served.requests.filter((path) => path.endsWith(".bin"));
    expect(shards.length).toBe(new Set(shards).size);
    expect(await tab.locator("#photo .box").count()).toBeGreaterThan(0);
    expect(await axeFindings(tab)).toEqual([]);
    if (process.env.SHOTS) await tab.screenshot({ path: join(process.env.SHOTS, "model.png"), fullPage: true });
    await tab.close();
  });

  it("runs for what is near the viewport only, of a hundred tags", async () => {
    const tags = Array.from(
      { length: 100 },
      (_, index) =>
        `<mner-qg id="t${index}" model="${model}">Ada Lovelace wrote letter ${index} to Charles Babbage in London.</mner-qg><div style="height: 200px"></div>`,
    );
    pages.set("/hundred.html", page(tags.join("")));
    const before = served.requests.length;
    const tab = await browser.newPage({ viewport: { width: 800, height: 700 } });
    await tab.goto(`${served.origin}/hundred.html`);
    await tab.waitForFunction(() => (window as unknown as Heard).results.length >= 2, undefined, { timeout: 150_000 });
    await tab.locator("#t60").scrollIntoViewIfNeeded();
    await tab.waitForFunction(() => (window as unknown as Heard).results.some(([id]) => id === "t60"), undefined, {
      timeout: 150_000,
    });
    const asked = await tab.evaluate(() => (window as unknown as Heard).results.map(([id]) => Number(id.slice(1))));
    expect(asked.length).toBeLessThan(30);
    expect(asked.filter((index) => index > 15 && index < 50)).toEqual([]);
    const shards = served.requests.slice(before).filter((path) => path.endsWith(".bin"));
    expect(shards.length).toBe(new Set(shards).size);
    expect(await tab.evaluate(() => (window as unknown as Heard).failures)).toEqual([]);
    await tab.close();
  });
});
