// Texts, queries and photos as they should not be: the code that comes, and that the next request works.
import type { Page } from "playwright-core";
import sharp, { type Sharp } from "sharp";
import { afterAll, beforeAll, describe, expect } from "vitest";
import { type Served, serve } from "../../support/serve.js";
import type { SentPhoto, SentRequest } from "../support/hostile-page.js";
import { attempts } from "../support/ledger.js";
import { call, type HostileSite, MODEL, openHostileSite } from "../support/site.js";

const attempt = attempts("1 input");
const names = "Ana Lima met John in New York and Paris";
const wasm = { model: MODEL, backend: "wasm" } as const;
let site: HostileSite;
let elsewhere: Served;
let page: Page;
let png: Buffer;

const base64 = (bytes: Uint8Array | string): SentPhoto => ({ base64: Buffer.from(bytes).toString("base64") });
const picture = (width: number, height: number): Sharp =>
  sharp({ create: { width, height, channels: 3, background: "#a50" } });

beforeAll(async () => {
  site = await openHostileSite();
  const noise = Uint8Array.from({ length: 40 * 30 * 3 }, (_, at) => Math.imul(at, 2_654_435_761) >>> 24);
  png = await sharp(noise, { raw: { width: 40, height: 30, channels: 3 } })
    .png()
    .toBuffer();
  elsewhere = await serve({ pages: new Map([["/photo.png", "no permission, and nobody looks inside"]]) });
  page = await site.open("hostile");
});

afterAll(async () => {
  await elsewhere?.close();
  await site?.close();
});

/** Asks, expects the code, and asks something harmless afterwards. */
function refused(name: string, request: () => SentRequest | Promise<SentRequest>, code: string): void {
  attempt(name, async () => {
    const told = await call(page, "ask", wasm, await request());
    expect(told.code, told.message ?? "an answer").toBe(code);
    // A message says what to do: it is more than a sentence's beginning.
    expect(told.message).toMatch(/\S.{15,}[.!]$/s);
    expect((await call(page, "ask", wasm, { text: names })).code).toBeNull();
    return { outcome: "refused, the next request works", code };
  });
}

describe("text", () => {
  refused("empty text", () => ({ text: "" }), "text-empty");
  refused("text of blanks and invisible characters", () => ({ text: " \n\t\u00a0\u200b " }), "text-empty");
  refused("text that is no string", () => ({ text: { toString: "x" } }), "text-invalid");
  refused("text of a million and one characters", () => ({ text: "a ".repeat(500_001).slice(1) }), "text-invalid");

  attempt("text over the limit is read in windows to its end", async () => {
    const text = `${"and so on, ".repeat(120)}${names}`;
    const told = await call(page, "ask", wasm, { text });
    expect(told.code).toBeNull();
    expect(told.text).toBe(text);
    expect(told.spans!.some(([, end]) => end > text.length - names.length)).toBe(true);
    return { outcome: "answered, names found past the limit" };
  });

  attempt("lone surrogates, bidi controls, zero-width characters, 10,000 emoji", async () => {
    const texts = [
      `\ud800${names}\udfff \udc00\ud800`,
      `\u202e${names}\u202c \u2066\u2069`,
      [...names].join("\u200b"),
      `\ufeff${names}\u0000\u0007`,
      "👩‍👩‍👧‍👦🏳️‍🌈".repeat(500) + names,
      "😀".repeat(10_000),
    ];
    for (const text of texts) {
      const told = await call(page, "ask", wasm, { text });
      expect(told.code, JSON.stringify(text.slice(0, 20))).toBeNull();
      // Halves of pairs survive the way out of the page only when nobody replaced them on the way in.
      expect(told.text).toBe(text);
    }
    return { tries: texts.length, outcome: "answered, text untouched" };
  });
});

describe("queries and options", () => {
  const queries = (...list: unknown[]): SentRequest => ({ text: names, more: { queries: list } });
  refused("a query without words", () => queries({ label: "X", query: " " }), "query-invalid");
  refused("a query whose label is a number", () => queries({ label: 1, query: "who" }), "query-invalid");
  refused("a query of 2,001 characters", () => queries({ label: "X", query: "x".repeat(2001) }), "query-invalid");
  refused("65 queries", () => queries(...Array(65).fill({ label: "X", query: "who" })), "query-invalid");
  refused("no query at all", () => ({ text: names, more: { onlyQueries: true } }), "query-invalid");
  refused("a threshold of 2", () => ({ text: names, more: { threshold: 2 } }), "option-invalid");
  refused("a query that is null", () => queries(null), "query-invalid");
  refused("queries that are no list", () => ({ text: names, more: { queries: 5 } }), "query-invalid");

  attempt("a backend, a place and an address that do not exist", async () => {
    for (const wrong of [{ backend: "gpu" }, { run: "moon" }, { model: "http://[" }, { model: "ftp://x/" }]) {
      const told = await call(page, "ask", { ...wasm, ...wrong } as typeof wasm, { text: names });
      expect(told.code, JSON.stringify(wrong)).toBe("option-invalid");
    }
    return { tries: 4, outcome: "refused", code: "option-invalid" };
  });
});

describe("photos", () => {
  /** Without `strictPhoto` the names come nevertheless and a notice has the code; with it the code is the answer. */
  function spoiled(name: string, given: () => SentPhoto, code: string): void {
    refused(`${name}, strictly`, () => ({ text: names, photo: given(), more: { strictPhoto: true } }), code);
    attempt(name, async () => {
      const told = await call(page, "ask", wasm, { text: names, photo: given() });
      expect([told.code, told.notices, told.image]).toEqual([null, [code], null]);
      expect(told.spans).toEqual((await call(page, "ask", wasm, { text: names })).spans);
      return { outcome: "the names without boxes", code };
    });
  }
  spoiled("a photo that is a text", () => base64("hello, world"), "image-unsupported");
  spoiled("a photo that is a web page", () => base64("<!doctype html><p>404"), "image-unsupported");
  spoiled("a photo that is a drawing", () => base64("<svg onload='x'/>"), "image-unsupported");
  spoiled("a photo of no bytes", () => base64(""), "image-truncated");
  spoiled("a truncated photo", () => base64(png.subarray(0, png.length / 2)), "image-truncated");
  spoiled("a damaged photo", () => base64(Buffer.from(png).fill(0x55, 80, png.length - 40)), "image-unreadable");
  spoiled("a decompression bomb of 60,000 × 60,000", () => base64(bomb()), "image-too-large");
  spoiled("an address that is a program", () => ({ url: "javascript:alert(1)" }), "image-unreadable");
  spoiled("an address without a photo", () => ({ url: "/no-such.png" }), "image-network");
  spoiled("a port where nobody listens", () => ({ url: "http://127.0.0.1:1/x.png" }), "image-network");

  function bomb(): Buffer {
    const bytes = Buffer.from(png);
    bytes.writeUInt32BE(60_000, 16);
    bytes.writeUInt32BE(60_000, 20);
    return bytes;
  }

  attempt("a photo of another site without CORS", async () => {
    const request = { text: names, photo: { url: `${elsewhere.origin}/photo.png` } };
    const told = await call(page, "ask", wasm, request);
    expect([told.code, told.notices, told.image]).toEqual([null, ["image-cross-origin"], null]);
    return { outcome: "names without boxes", code: "image-cross-origin" };
  });

  attempt("a photo of one pixel", async () => {
    const told = await call(page, "ask", wasm, { text: names, photo: base64(await picture(1, 1).png().toBuffer()) });
    expect([told.code, told.image]).toEqual([null, { width: 1, height: 1 }]);
    return { outcome: "answered" };
  });

  attempt("an animation", async () => {
    const frames = sharp(Buffer.alloc(20 * 60 * 3, 90), {
      raw: { width: 20, height: 60, channels: 3, pageHeight: 20 },
    });
    // Frames that are alike would be made one.
    const noisy = await frames.gif({ delay: [50, 50, 50], keepDuplicateFrames: true }).toBuffer();
    const told = await call(page, "ask", wasm, { text: names, photo: base64(noisy) });
    expect([told.code, told.notices]).toEqual([null, ["image-animated"]]);
    return { outcome: "its first picture is read", code: "image-animated" };
  });

  attempt("all eight ways up", async () => {
    for (let orientation = 1; orientation <= 8; orientation++) {
      const file = await picture(60, 20).withMetadata({ orientation }).jpeg().toBuffer();
      const told = await call(page, "ask", wasm, { text: names, photo: base64(file) });
      expect(told.image).toEqual(orientation < 5 ? { width: 60, height: 20 } : { width: 20, height: 60 });
    }
    return { tries: 8, outcome: "upright (boxes: test/vision/photo.test.ts)" };
  });
});
