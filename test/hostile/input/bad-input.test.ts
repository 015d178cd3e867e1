// Every kind of bad input the product has an answer to: the code that comes, and that the next request works.

import type { Page } from "playwright-core";
import sharp, { type Sharp } from "sharp";
import { afterAll, beforeAll, describe, expect } from "vitest";
import { launchBrowser } from "../../support/browser.js";
import { type Served, serve } from "../../support/serve.js";
import type { SentPhoto, SentRequest } from "../support/hostile-page.js";
import { attempts } from "../support/ledger.js";
import { call, type Entry, type HostileSite, MODEL, openHostileSite } from "../support/site.js";

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
  refused("queries that are no list", () => ({ text: names, more: { queries: "who" } }), "query-invalid");

  attempt("a backend, a place and an address that do not exist", async () => {
    for (const wrong of [{ backend: "gpu" }, { run: "moon" }, { model: "http://[" }, { model: "ftp://x/" }]) {
      const told = await call(page, "ask", { ...wasm, ...wrong } as typeof wasm, { text: names });
      expect(told.code, JSON.stringify(wrong)).toBe("option-invalid");
    }
    return { tries: 4, outcome: "refused", code: "option-invalid" };
  });
});

describe("photos", () => {
  const photo =
    (given: () => SentPhoto): (() => SentRequest) =>
    () => ({ text: names, photo: given() });
  refused(
    "a photo that is a text",
    photo(() => base64("hello, world")),
    "image-unsupported",
  );
  refused(
    "a photo that is a web page",
    photo(() => base64("<!doctype html><p>404")),
    "image-unsupported",
  );
  refused(
    "a photo that is a drawing",
    photo(() => base64("<svg onload='x'/>")),
    "image-unsupported",
  );
  refused(
    "a photo of no bytes",
    photo(() => base64("")),
    "image-truncated",
  );
  refused(
    "a truncated photo",
    photo(() => base64(png.subarray(0, png.length / 2))),
    "image-truncated",
  );
  refused(
    "a damaged photo",
    photo(() => base64(Buffer.from(png).fill(0x55, 80, png.length - 40))),
    "image-unreadable",
  );
  refused(
    "a decompression bomb of 60,000 × 60,000",
    photo(() => base64(bomb())),
    "image-too-large",
  );
  refused(
    "an address that is a program",
    photo(() => ({ url: "javascript:alert(1)" })),
    "image-unreadable",
  );
  refused(
    "an address without a photo",
    photo(() => ({ url: "/no-such.png" })),
    "image-network",
  );
  refused(
    "a port where nobody listens",
    photo(() => ({ url: "http://127.0.0.1:1/x.png" })),
    "image-network",
  );

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

describe("the model folder", () => {
  const text = (written: string) => (files: Map<string, Uint8Array>) =>
    void files.set("manifest.json", new TextEncoder().encode(written));
  const manifest = (change: Readonly<Record<string, unknown>>) => (files: Map<string, Uint8Array>) => {
    const read = JSON.parse(new TextDecoder().decode(files.get("manifest.json")));
    text(JSON.stringify({ ...read, ...change }))(files);
  };
  const spoiled: readonly [string, (files: Map<string, Uint8Array>) => unknown, string][] = [
    ["a missing shard", (files) => files.delete("weights-1.bin"), "model-shard-missing"],
    [
      "a truncated shard",
      (files) => files.set("weights-0.bin", files.get("weights-0.bin")!.slice(0, -1)),
      "model-shard-truncated",
    ],
    [
      "a shard with one bit changed",
      (files) => {
        files.get("weights-0.bin")![999]! ^= 4;
      },
      "model-shard-corrupt",
    ],
    [
      "another tokenizer",
      (files) =>
        files.set(
          "vocab.txt",
          files.get("vocab.txt")!.map((byte, at) => (at === 50 ? byte ^ 1 : byte)),
        ),
      "model-shard-corrupt",
    ],
    ["a format of the future", manifest({ formatVersion: 99 }), "model-version-unsupported"],
    ["a web page in place of the manifest", text("<!doctype html><h1>404</h1>"), "model-not-a-model"],
    ["a manifest cut off", text('{"format":"mner-qg-model","form'), "model-manifest-invalid"],
    ["a manifest of another program", text('{"name":"x"}'), "model-not-a-model"],
    ["an empty folder", (files) => files.clear(), "model-not-found"],
    ["a self-test that is no test", manifest({ selfTest: { input: {}, output: {} } }), "model-manifest-invalid"],
  ];
  for (const [name, spoil, code] of spoiled) {
    attempt(`model: ${name}`, async () => {
      const model = await site.addModel(name.replaceAll(" ", "-"), spoil);
      const told = await call(page, "ask", { model, backend: "wasm" }, { text: names });
      expect(told.code, told.message ?? "").toBe(code);
      const tag = await call(page, "askTag", { model, backend: "wasm", text: names });
      expect([tag.fired, tag.text, tag.after]).toEqual([[code], names, 4]);
      expect(tag.shown).toContain(told.message!.slice(0, 20));
      return { tries: 2, outcome: "refused, shown by the tag, which works with another model", code };
    });
  }
});

describe("the course of things", () => {
  attempt("aborted before, during and after", async () => {
    const codes = await page.evaluate(
      async ([options, given]) => {
        const { createAnalyzer, outcomeOf } = (globalThis as unknown as { entry: Entry }).entry;
        const analyzer = await createAnalyzer(options);
        const during = new AbortController();
        const running = outcomeOf(analyzer.analyze({ text: given, signal: during.signal }));
        during.abort();
        const after = new AbortController();
        const done = await outcomeOf(analyzer.analyze({ text: given, signal: after.signal }));
        after.abort();
        const before = await outcomeOf(analyzer.analyze({ text: given, signal: AbortSignal.abort() }));
        analyzer.dispose();
        const disposed = await outcomeOf(analyzer.analyze({ text: given }));
        return [before.code, (await running).code, done.code, disposed.code];
      },
      [wasm, names] as const,
    );
    expect(codes).toEqual(["aborted", "aborted", null, "disposed"]);
    return { tries: 4, outcome: "refused, refused, answered, refused", code: "aborted, disposed" };
  });

  attempt("two versions of the script on one page", async () => {
    const both = await site.open("hostile");
    const second = await openHostileSite({ headers: { "access-control-allow-origin": "*" } });
    const found = await both.evaluate(
      async ([address, model, given]) => {
        const { entry } = globalThis as unknown as { entry: Entry };
        const other = await entry.importFrom(address);
        const answers = await Promise.all(
          [entry, other].map(({ ask }) => ask({ model, backend: "wasm" }, { text: given })),
        );
        const failed = await other.outcomeOf(other.createAnalyzer({ model: "/nowhere/", backend: "wasm" }));
        return [...answers.map(({ code, spans }) => code ?? spans!.length > 0), failed.code];
      },
      [`${second.origin}/hostile.js`, `${site.origin}${MODEL}`, names] as const,
    );
    await second.close();
    await both.close();
    expect(found).toEqual([true, true, "model-not-found"]);
    return { tries: 3, outcome: "both answer, errors keep their codes", code: "model-not-found" };
  });

  attempt("offline, with no model on the device", async () => {
    const alone = await site.browser.newContext();
    const offline = await alone.newPage();
    await offline.goto(`${site.origin}/hostile.html`);
    await offline.waitForFunction("globalThis.entry !== undefined");
    await call(offline, "ask", wasm, { text: names });
    await call(offline, "forgetStoredModels");
    await alone.setOffline(true);
    const told = await call(offline, "ask", wasm, { text: names });
    // Not even the engine's script is there: the page has only ever used a worker.
    const unready = await call(offline, "ask", { ...wasm, run: "page" }, { text: names });
    await alone.close();
    expect([told.code, unready.code]).toEqual(["offline", "offline"]);
    return { tries: 2, outcome: "refused", code: "offline" };
  });
});

describe("browsers that offer less", () => {
  attempt("no WebGPU and no WebGL: named, refused; on its own choice, another", async () => {
    const browser = await launchBrowser(["--disable-gpu", "--disable-software-rasterizer"]);
    const bare = await browser.newPage();
    await bare.goto(`${site.origin}/hostile.html`);
    await bare.waitForFunction("globalThis.entry !== undefined");
    const codes: (string | null)[] = [];
    for (const backend of ["webgpu", "webgl"] as const) {
      codes.push((await call(bare, "ask", { model: MODEL, backend }, { text: names })).code);
    }
    const chosen = await call(bare, "ask", { model: MODEL }, { text: names });
    await browser.close();
    expect(codes).toEqual(["backend-unavailable", "backend-unavailable"]);
    expect([chosen.backend, chosen.notices]).toEqual(["wasm", ["backend-fallback"]]);
    return { tries: 3, outcome: "refused, refused, answered by wasm", code: "backend-unavailable, backend-fallback" };
  });

  attempt("no WebAssembly SIMD", async () => {
    const old = await site.browser.newPage();
    // As a browser without it does: modules with vector instructions are not valid there.
    await old.addInitScript(() => {
      WebAssembly.validate = () => false;
      const refuse = async () => {
        throw new WebAssembly.CompileError("invalid opcode 0xfd");
      };
      Object.assign(WebAssembly, { compile: refuse, compileStreaming: refuse, instantiate: refuse });
    });
    await old.goto(`${site.origin}/hostile.html`);
    await old.waitForFunction("globalThis.entry !== undefined");
    const named = await call(old, "ask", { ...wasm, run: "page" }, { text: names });
    const chosen = await call(old, "ask", { model: MODEL, run: "page" }, { text: names });
    await old.close();
    expect(named.code).toBe("backend-unavailable");
    expect([chosen.code, chosen.backend]).toEqual([null, "cpu"]);
    return { tries: 2, outcome: "refused, answered by cpu", code: "backend-unavailable" };
  });
});
