// The package in plain HTML, as the README says it: one paste, served from another origin than the page, as from a CDN.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { Browser } from "playwright-core";
import { afterAll, beforeAll, describe, expect, inject, it } from "vitest";
import { launchBrowser } from "../support/browser.js";
import { type Served, serve } from "../support/serve.js";
import { inRepository } from "./support/pack.js";
import { makeProject, type Project } from "./support/project.js";
import { openPage } from "./support/result.js";

/** The snippet of the README, with the addresses of this machine. */
function snippet(script: string, photo: string): string {
  const readme = readFileSync(inRepository("README.md"), "utf8");
  const block = /<!-- embed -->\s*```html\n([\s\S]*?)```/.exec(readme)?.[1];
  if (!block) throw new Error("README.md has no embed snippet.");
  const pasted = block
    .replace(/src="[^"]*mner-qg\.js"/, `src="${script}"`)
    .replace(/src="[^"]*\.jpg"/, `src="${photo}"`);
  if (!pasted.includes(script) || !pasted.includes(photo)) throw new Error("The snippet names no script or no photo.");
  return `<!doctype html><meta charset="utf-8"><title>Pasted</title>${pasted}`;
}

let project: Project;
let browser: Browser;
let elsewhere: Served;
let site: Served;
const pages = new Map<string, string>();

beforeAll(async () => {
  project = await makeProject(inject("packed"), {});
  browser = await launchBrowser();
  const dist = join(project.installed, "dist");
  elsewhere = await serve({ folders: [dist], headers: { "access-control-allow-origin": "*" } });
  site = await serve({ folders: { "/photos": inRepository("public/examples"), "/mner-qg": dist }, pages });
});
afterAll(async () => {
  await browser?.close();
  await Promise.all([elsewhere?.close(), site?.close()]);
  project?.remove();
});

describe("the README's snippet", () => {
  it("works from another origin: script, worker, WebAssembly and model are found", async () => {
    pages.set("/elsewhere.html", snippet(`${elsewhere.origin}/mner-qg.js`, "/photos/astronaut.jpg"));
    const { result, origins, errors, workers } = await openPage(browser, `${site.origin}/elsewhere.html`);
    expect(errors).toEqual([]);
    expect(result.text).toContain("Eileen Collins");
    expect(result.image).toEqual({ width: 512, height: 512 });
    expect(workers).toBe(1);
    expect(elsewhere.requests.some((path) => /worker-[\w-]+\.js$/.test(path))).toBe(true);
    expect(origins).toEqual([elsewhere.origin, site.origin].sort());
  });

  it("works from the page's own origin", async () => {
    pages.set("/own.html", snippet("mner-qg/mner-qg.js", "photos/astronaut.jpg"));
    const { result, origins, errors, workers } = await openPage(browser, `${site.origin}/own.html`);
    expect(errors).toEqual([]);
    expect(result.text).toContain("Eileen Collins");
    expect(workers).toBe(1);
    expect(origins).toEqual([site.origin]);
  });
});
