// Opens a page of a stranger's site and waits for what its tag found.
import type { Browser, Page } from "playwright-core";
import type { AnalysisResult } from "../../../src/core/results.js";

export interface Opened {
  readonly result: AnalysisResult;
  /** Origins that anything was asked of. */
  readonly origins: readonly string[];
  readonly errors: readonly string[];
  /** How many workers were started and still ran. The engine's own is one; none means that the page had to do its work. */
  readonly workers: number;
}

/** `look` is called when the result is there and the page still open. */
export async function openPage(
  browser: Browser,
  address: string,
  look?: (page: Page) => Promise<void>,
): Promise<Opened> {
  const page = await browser.newPage();
  const origins = new Set<string>();
  const errors: string[] = [];
  page.on("request", (request) => {
    const { origin, protocol } = new URL(request.url());
    if (protocol.startsWith("http")) origins.add(origin);
  });
  page.on("pageerror", (error) => errors.push(String(error)));
  await page.addInitScript(() => {
    const outcome = new Promise((resolve, reject) => {
      addEventListener("mner-result", (event) => resolve((event as CustomEvent).detail.result));
      addEventListener("mner-error", (event) => reject((event as CustomEvent).detail.error));
    });
    Object.assign(globalThis, { outcome });
  });
  try {
    await page.goto(address);
    const result = await page.evaluate<AnalysisResult>("outcome.then((result) => JSON.parse(JSON.stringify(result)))");
    await look?.(page);
    return { result, origins: [...origins].sort(), errors, workers: page.workers().length };
  } finally {
    await page.close();
  }
}
