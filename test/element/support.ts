// Sets the stage for the element's browser tests: one build, one server, one browser for a file of tests.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Browser, BrowserContextOptions, Page } from "playwright-core";
import { launchBrowser } from "../support/browser.js";
import { type BuiltElement, buildElement } from "../support/build-element.js";
import { type Headers, type Served, serve } from "../support/serve.js";

export const root = fileURLToPath(new URL("../..", import.meta.url));

export interface Stage {
  readonly browser: Browser;
  readonly served: Served;
  readonly pages: Map<string, string>;
  /** Headers by path, over those of every answer. */
  readonly headers: Map<string, Headers>;
  /** Opens a page with this body; the script of the fixture is loaded. Faults in the page fail the test that asks `faults`. */
  open(body: string, options?: OpenOptions): Promise<OpenPage>;
  close(): Promise<void>;
}

export interface OpenOptions {
  readonly context?: BrowserContextOptions;
  readonly headers?: Headers;
  readonly script?: string;
  readonly head?: string;
}

export interface OpenPage {
  readonly page: Page;
  /** Errors thrown in the page and messages of the console that are errors. */
  readonly faults: string[];
  [Symbol.asyncDispose](): Promise<void>;
}

export async function setStage(entries: Readonly<Record<string, string>> = {}): Promise<Stage> {
  const built: BuiltElement = await buildElement({ fixture: "test/element/fixture.ts", ...entries });
  const pages = new Map<string, string>();
  const headers = new Map<string, Headers>();
  const served = await serve({
    folders: { "/": built.folder, "/examples/": join(root, "public/examples") },
    pages,
    headers: (path) => ({ "access-control-allow-origin": "*", ...headers.get(path) }),
  });
  const browser = await launchBrowser();
  let count = 0;
  return {
    browser,
    served,
    pages,
    headers,
    async open(body, options = {}) {
      const path = `/page-${++count}.html`;
      const { head = "", script = "/fixture.js" } = options;
      pages.set(
        path,
        `<!doctype html><html lang="en"><head><meta charset="utf-8"><title>Test</title><meta name="viewport" content="width=device-width">${head}<script type="module" src="${script}"></script></head><body><main><h1>Test</h1>${body}</main></body></html>`,
      );
      if (options.headers) headers.set(path, options.headers);
      const context = await browser.newContext({
        viewport: { width: 800, height: 900 },
        reducedMotion: "reduce",
        ...options.context,
      });
      const page = await context.newPage();
      const faults: string[] = [];
      page.on("pageerror", (error) => faults.push(String(error)));
      page.on("console", (message) => message.type() === "error" && faults.push(message.text()));
      await page.goto(`${served.origin}${path}`);
      await page.waitForFunction(() => customElements.get("mner-qg") !== undefined);
      return { page, faults, [Symbol.asyncDispose]: () => context.close() };
    },
    async close() {
      await browser.close();
      await served.close();
      built.remove();
    },
  };
}

/** Sets properties of the first tag, awaits its rendering. */
export async function give(page: Page, example: string, tag = "mner-qg"): Promise<void> {
  await page.evaluate(
    async ([name, selector]) => {
      const element = document.querySelector(selector!) as HTMLElementTagNameMap["mner-qg"];
      element.results = window.examples[name as "collins"];
      await element.updateComplete;
    },
    [example, tag],
  );
}

/** Waits until the engine that the test holds in its hand was asked so often. */
export const waitForAsk = (page: Page, count = 1): Promise<unknown> =>
  page.waitForFunction((wanted) => window.hand.asked.length >= wanted, count);

/** The events of all tags so far, in order. */
export const namesHeard = (page: Page): Promise<string[]> => page.evaluate(() => window.heard.map(([name]) => name));

const axeSource = readFileSync(join(root, "node_modules/axe-core/axe.min.js"), "utf8");

interface AxeFinding {
  readonly id: string;
  readonly help: string;
  readonly nodes: readonly { readonly html: string; readonly failureSummary?: string }[];
}

/** What axe finds wrong with the page, one line each. */
export async function axeFindings(page: Page): Promise<string[]> {
  await page.evaluate(axeSource);
  const violations = await page.evaluate(async () => {
    const { axe } = window as unknown as { axe: { run(options: object): Promise<{ violations: AxeFinding[] }> } };
    const tags = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"];
    return (await axe.run({ runOnly: { type: "tag", values: tags } })).violations;
  });
  return violations.flatMap(({ id, help, nodes }) => nodes.map(({ html }) => `${id}: ${help}: ${html}`));
}
