// What tests do with the page again and again, in one place: open it, wait for it, read it, hand things to it.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { Browser, BrowserContext, BrowserContextOptions, Locator, Page } from "playwright-core";
import type { AnalysisResult } from "../../../src/core/results.js";
import { PUBLIC } from "./build-site.js";

/** A machine that trains a network at the same time is slow. */
export const PATIENCE = Number(process.env.PATIENCE_MS) || 120_000;

export interface OpenedPage {
  readonly page: Page;
  readonly context: BrowserContext;
  /** Errors of the console and of scripts. */
  readonly errors: string[];
}

export async function openPage(
  browser: Browser,
  address: string,
  options: BrowserContextOptions = {},
): Promise<OpenedPage> {
  const context = await browser.newContext({ viewport: { width: 1280, height: 800 }, ...options });
  context.setDefaultTimeout(PATIENCE);
  const { page, errors } = await openTab(context, address);
  return { page, context, errors };
}

export async function openTab(context: BrowserContext, address: string): Promise<{ page: Page; errors: string[] }> {
  const errors: string[] = [];
  const page = await context.newPage();
  page.on("pageerror", (error) => errors.push(String(error)));
  page.on("console", (message) => {
    if (process.env.SHOW_CONSOLE) console.log(`[${message.type()}] ${message.text()}`);
    if (message.type() === "error") errors.push(message.text());
  });
  await page.goto(address);
  return { page, errors };
}

export const modelReady = (page: Page): Promise<void> =>
  page
    .locator("model-status")
    .getByText(/^Ready on/)
    .waitFor();

export const offlineReady = (page: Page): Promise<void> =>
  page
    .locator("page-foot")
    .getByText(/^Ready offline:/)
    .waitFor();

export const composer = (page: Page): Locator => page.getByRole("textbox", { name: "Your tweet" });

/** What the element of the single view shows now. */
export function shown(page: Page): Promise<AnalysisResult | null> {
  return page
    .locator("result-panel mner-qg")
    .evaluate((element) => (element as HTMLElementTagNameMap["mner-qg"]).toJSON());
}

/** Waits for an answer about this text, computed here. */
export async function answerTo(page: Page, text: string): Promise<AnalysisResult> {
  for (const end = Date.now() + PATIENCE; Date.now() < end; await page.waitForTimeout(100)) {
    const result = await shown(page);
    if (result?.text === text) return result;
  }
  const state = await page.locator("result-panel").textContent();
  throw new Error(`There is no answer about: ${text}. The page shows: ${state}`);
}

export interface Handed {
  /** Files by name. */
  readonly files?: Readonly<Record<string, { readonly type: string; readonly bytes: Uint8Array }>>;
  readonly text?: string;
  readonly html?: string;
}

/** Fires what a browser fires when something is dropped or pasted, with a real DataTransfer. */
export async function hand(page: Page, how: "drop" | "paste", given: Handed, target = "body"): Promise<void> {
  const files = Object.entries(given.files ?? {}).map(([name, { type, bytes }]) => ({
    name,
    type,
    base64: Buffer.from(bytes).toString("base64"),
  }));
  await page.locator(target).evaluate(
    async (element, { how, files, text, html }) => {
      const transfer = new DataTransfer();
      for (const { name, type, base64 } of files) {
        const bytes = Uint8Array.from(atob(base64), (letter) => letter.charCodeAt(0));
        transfer.items.add(new File([bytes], name, { type }));
      }
      if (text !== undefined) transfer.setData("text/plain", text);
      if (html !== undefined) transfer.setData("text/html", html);
      const common = { bubbles: true, cancelable: true, composed: true };
      if (how === "paste") element.dispatchEvent(new ClipboardEvent("paste", { ...common, clipboardData: transfer }));
      else {
        for (const type of ["dragenter", "dragover", "drop"]) {
          element.dispatchEvent(new DragEvent(type, { ...common, dataTransfer: transfer }));
        }
      }
    },
    { how, files, text: given.text, html: given.html },
  );
}

export function photo(name: string): { readonly type: string; readonly bytes: Uint8Array } {
  return { type: "image/jpeg", bytes: readFileSync(join(PUBLIC, "examples", name)) };
}
