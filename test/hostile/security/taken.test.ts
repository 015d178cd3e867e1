// Pages on which the tag's name is taken.
import { afterAll, beforeAll, describe, expect } from "vitest";
import { attempts } from "../support/ledger.js";
import { type HostileSite, openHostileSite } from "../support/site.js";

const attempt = attempts("5 security");
let site: HostileSite;

beforeAll(async () => {
  site = await openHostileSite();
});
afterAll(() => site?.close());

async function open(script: string) {
  const page = await (await site.browser.newContext()).newPage();
  const errors: string[] = [];
  page.on("pageerror", ({ message }) => void errors.push(message));
  await page.addInitScript(script);
  await page.goto(`${site.origin}/hostile.html`);
  await page.waitForFunction("globalThis.entry !== undefined", undefined, { timeout: 20_000 }).catch(() => {});
  return { page, errors };
}

describe("a page on which the tag's name is taken", () => {
  attempt("by something else", async () => {
    const { page, errors } = await open(`customElements.define("mner-qg", class extends HTMLElement {});`);
    expect(errors.join()).toContain("mner-qg is taken");
    await page.context().close();
    return { outcome: "told as an error of the page" };
  });
});
