// What leaves the tag as a file does nothing where it is opened.
import type { Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect } from "vitest";
import { attempts } from "../support/ledger.js";
import { type HostileSite, openHostileSite } from "../support/site.js";
import { hostileTexts } from "../support/xss-corpus.js";

const attempt = attempts("5 security");
let site: HostileSite;
let page: Page;

beforeAll(async () => {
  site = await openHostileSite();
  page = await site.open("hostile");
});
afterAll(() => site?.close());

describe("exports", () => {
  attempt("SVG, opened as a document of its own without any policy", async () => {
    for (const [index, words] of hostileTexts.entries()) {
      const svg = await page.evaluate(async (given) => {
        const tag = document.createElement("mner-qg");
        document.body.append(tag);
        const text = `${given} met ${given}`;
        const region = { box: [1, 1, 9, 9], score: 1 };
        tag.alt = given;
        tag.results = {
          text,
          image: { width: 20, height: 20 },
          entities: [{ start: 0, end: given.length, text: given, type: given, score: 1, region }],
          queries: [],
          notices: [],
        } as never;
        await tag.updateComplete;
        const written = await tag.toSVG();
        tag.remove();
        return written;
      }, words);
      expect(svg).not.toContain("parsererror");
      site.pages.set(`/export-${index}.svg`, svg);
    }
    const opened = await site.browser.newPage();
    const asked: string[] = [];
    opened.on("request", (request) => asked.push(request.url()));
    opened.on("dialog", (dialog) => dialog.dismiss());
    for (const index of hostileTexts.keys()) {
      await opened.goto(`${site.origin}/export-${index}.svg`);
      const found = await opened.evaluate(() => ({
        root: document.documentElement.localName,
        pwned: "pwned" in globalThis,
        names: [...new Set([...document.querySelectorAll("*")].map(({ localName }) => localName))],
        handlers: [...document.querySelectorAll("*")].flatMap(({ attributes }) =>
          [...attributes].map(({ name }) => name).filter((name) => /^on|^href$/.test(name)),
        ),
      }));
      expect(found.root).toBe("svg");
      expect(found.pwned).toBe(false);
      expect(found.handlers).toEqual([]);
      for (const name of found.names) expect(["svg", "title", "rect", "line", "path", "text"]).toContain(name);
    }
    await opened.close();
    expect(asked.filter((url) => !url.includes("/export-") && !url.endsWith("/favicon.ico"))).toEqual([]);
    return { tries: hostileTexts.length, outcome: "well-formed, no script, no link, nothing asked for" };
  });
});
