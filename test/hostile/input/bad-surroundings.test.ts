// Model folders, moments and browsers as they should not be: the code that comes, and that the tag stays usable.
import type { Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect } from "vitest";
import { launchBrowser } from "../../support/browser.js";
import { attempts } from "../support/ledger.js";
import { call, type Entry, type HostileSite, MODEL, openHostileSite } from "../support/site.js";

const attempt = attempts("1 input");
const names = "Ana Lima met John in New York and Paris";
const wasm = { model: MODEL, backend: "wasm" } as const;
let site: HostileSite;
let page: Page;

beforeAll(async () => {
  site = await openHostileSite();
  page = await site.open("hostile");
});

afterAll(() => site?.close());

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
