// Pages that have put names on Object.prototype, which every object of the page then seems to have: tag and analyser must not
// read them as their own, nor hand the platform objects that seem to say more than they do.
import { afterAll, beforeAll, describe, expect } from "vitest";
import { buildShipped, type Shipped } from "../../support/build-shipped.js";
import { attempts } from "../support/ledger.js";
import { type HostileSite, openHostileSite } from "../support/site.js";

const attempt = attempts("5 security");
let site: HostileSite;
let shipped: Shipped;
let sound: string;

/** Names that descriptors, the platform's options, Lit's options and our own options are read by. */
const NAMES = [
  ...["value", "get", "set", "writable", "enumerable", "configurable"],
  ...[
    "signal",
    "once",
    "passive",
    "capture",
    "type",
    "name",
    "credentials",
    "mode",
    "method",
    "headers",
    "body",
    "cache",
  ],
  ...["root", "rootMargin", "threshold", "detail", "bubbles", "composed", "cancelable", "transfer", "reason", "cause"],
  ...[
    "attribute",
    "state",
    "reflect",
    "converter",
    "hasChanged",
    "noAccessor",
    "wrapped",
    "useDefault",
    "renderBefore",
  ],
  ...["creationScope", "isConnected", "host", "delegatesFocus", "slotAssignment", "clonable", "serializable"],
  ...[
    "backend",
    "model",
    "system",
    "run",
    "text",
    "image",
    "queries",
    "onlyQueries",
    "nested",
    "strictPhoto",
    "priority",
  ],
  ...["crossOrigin", "onProgress", "onNotice", "base", "stallMs", "photo", "code", "message", "label", "query", "then"],
  ...["data", "id", "release", "length", "src", "alt", "products", "imageOrientation", "willReadFrequently"],
  ...["progress", "info", "notice", "endings", "style", "unit", "granularity", "colorSpace", "premultiplyAlpha"],
] as const;
/** Those that stopped the script or an answer before each was mended, one by one: together they hide one another. */
const SINGLE: readonly (typeof NAMES)[number][] = [
  ...(["value", "get", "set", "writable", "signal", "backend", "model", "text", "image", "queries", "then"] as const),
  ...(["type", "attribute", "renderBefore", "slotAssignment", "base", "progress", "info"] as const),
];

beforeAll(async () => {
  shipped = await buildShipped();
  site = await openHostileSite({
    entries: { polluted: "test/hostile/support/polluted-page.ts" },
    folders: { "/shipped": shipped.folder },
  });
  site.pages.set("/bare.html", `<!doctype html><html lang="en"><script type="module" src="/polluted.js"></script>`);
  sound = await saidBy("");
});
afterAll(async () => {
  await site?.close();
  shipped?.remove();
});

async function saidBy(script: string): Promise<string> {
  const context = await site.browser.newContext();
  const page = await context.newPage();
  const said = new Promise<string>((resolve) => {
    page.on("console", (message) => void (message.text().startsWith("SAID ") && resolve(message.text().slice(5))));
    page.on("pageerror", ({ message }) => resolve(`page error: ${message}`));
    setTimeout(() => resolve("nothing in time"), 30_000);
  });
  if (script !== "") await page.addInitScript(script);
  await page.goto(`${site.origin}/bare.html`);
  const line = await said;
  await context.close();
  return line;
}

describe("a page that puts names on Object.prototype", () => {
  attempt("is a page like any other", async () => {
    expect(sound).toMatch(/^Ana Lima met John in Paris\|40\|30\|4\|wasm/);
    expect(sound.endsWith("model-not-found")).toBe(true);
    return { outcome: "tag and analyser answer alike" };
  });

  attempt("each name by itself", async () => {
    const wrong: string[] = [];
    for (const name of SINGLE) {
      const said = await saidBy(`Object.prototype[${JSON.stringify(name)}] = "polluted";`);
      if (said !== sound) wrong.push(`${name}: ${said.slice(0, 160)}`);
    }
    expect(wrong).toEqual([]);
    return { tries: SINGLE.length, outcome: "the same answers as without" };
  });

  attempt("all at once", async () => {
    const script = `for (const name of ${JSON.stringify(NAMES)}) Object.prototype[name] = "polluted";`;
    expect(await saidBy(script)).toBe(sound);
    return { tries: NAMES.length, outcome: "the same answers as without" };
  });
});
