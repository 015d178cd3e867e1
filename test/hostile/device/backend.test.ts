// Graphics that are missing, lost, or wrong, and memory that has run out: the right answer from another backend, or the code.
import type { Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect } from "vitest";
import { effort } from "../support/effort.js";
import { attempts } from "../support/ledger.js";
import { call, type Entry, type HostileSite, MODEL, openHostileSite } from "../support/site.js";

const attempt = attempts("3 device");
const names = "Ana Lima met John in New York and Paris";
let site: HostileSite;

beforeAll(async () => {
  site = await openHostileSite({ gpu: true });
});
afterAll(() => site?.close());

/** A page of its own, with whatever was done to the browser first. */
async function within<T>(spoil: () => void, work: (page: Page) => Promise<T>): Promise<T> {
  const page = await site.browser.newPage();
  try {
    await page.addInitScript(spoil);
    await page.goto(`${site.origin}/hostile.html`);
    await page.waitForFunction("globalThis.entry !== undefined");
    return await work(page);
  } finally {
    await page.close();
  }
}

describe("an adapter", () => {
  const refusals: Readonly<Record<string, () => void>> = {
    "that is null": () => {
      GPU.prototype.requestAdapter = async () => null;
    },
    "whose request fails": () => {
      GPU.prototype.requestAdapter = () => Promise.reject(new DOMException("blocked", "OperationError"));
    },
    "that gives no device": () => {
      GPUAdapter.prototype.requestDevice = () => Promise.reject(new DOMException("gone", "OperationError"));
    },
  };
  for (const [name, spoil] of Object.entries(refusals)) {
    attempt(`an adapter ${name}`, async () => {
      const [named, chosen] = await within(spoil, async (page) => [
        await call(page, "ask", { model: MODEL, backend: "webgpu", run: "page" }, { text: names }),
        await call(page, "ask", { model: MODEL, run: "page" }, { text: names }),
      ]);
      expect(named!.code).toBe("backend-unavailable");
      expect([chosen!.backend, chosen!.notices]).toEqual(["wasm", ["backend-fallback"]]);
      return { tries: 2, outcome: "refused; answered by wasm", code: "backend-unavailable, backend-fallback" };
    });
  }
});

describe("wrong numbers", () => {
  for (const kernel of ["Softmax", "BatchMatMul"]) {
    attempt(`a backend whose ${kernel} computes something else`, async () => {
      const told = await within(
        () => {},
        async (page) => {
          await call(page, "breakAfterRegistration", kernel, "wasm");
          return call(page, "ask", { model: MODEL, run: "page" }, { text: names });
        },
      );
      expect([told.code, told.backend]).toEqual([null, "cpu"]);
      return { outcome: "caught by the self-test, answered by cpu", code: "backend-fallback" };
    });
  }
});

describe("memory", () => {
  attempt("out of memory in a kernel, then enough again", async () => {
    const codes = await within(
      () => {},
      (page) =>
        page.evaluate(
          async ([model, text]) => {
            const { entry } = globalThis as unknown as { entry: Entry };
            const analyzer = await entry.createAnalyzer({ model, backend: "cpu", run: "page" });
            const restore = entry.starve("cpu");
            const starved = await entry.outcomeOf(analyzer.analyze({ text }));
            restore();
            const fed = await entry.outcomeOf(analyzer.analyze({ text }));
            analyzer.dispose();
            return [starved.code, fed.code];
          },
          [MODEL, names] as const,
        ),
    );
    expect(codes).toEqual(["out-of-memory", null]);
    return { tries: 2, outcome: "refused; the next is answered", code: "out-of-memory" };
  });

  attempt("WebAssembly memory that cannot grow", async () => {
    const long = `${names} and `.repeat(400);
    const [full, right] = await within(
      () => {},
      async (page) => {
        const held = { model: MODEL, backend: "wasm", run: "page" } as const;
        const unhindered = await call(page, "ask", held, { text: long });
        await page.evaluate(() => {
          WebAssembly.Memory.prototype.grow = () => {
            throw new RangeError("WebAssembly.Memory.grow(): Maximum memory size exceeded");
          };
        });
        return [await call(page, "ask", held, { text: long }), unhindered];
      },
    );
    // It may be enough as it is; what must not come is an answer made of nothing.
    if (full!.code === null) expect(full!.spans).toEqual(right!.spans);
    else expect(full!.code).toBe("out-of-memory");
    return { outcome: full!.code === null ? "answered rightly without growing" : "refused", code: full!.code ?? "" };
  });
});

describe("a GPU", () => {
  // Software shaders compile for long; the short form tries the one that is quicker.
  for (const backend of effort.long ? (["webgl", "webgpu"] as const) : (["webgl"] as const)) {
    attempt(`${backend} lost before, and again after a run (during: test/engine/device-loss.test.ts)`, async () => {
      const report = await within(
        () => {},
        (page) => call(page, "loseIdleDevice", { model: MODEL, backend }, names),
      );
      expect(report.answers.map(({ code }) => code)).toEqual([null, null, null]);
      const [first, ...later] = report.answers.map(({ spans }) => JSON.stringify(spans));
      expect(later).toEqual([first, first]);
      expect(report.notices).toEqual(["device-lost", "device-lost"]);
      expect(report.disposed).toBe("disposed");
      return { tries: 3, outcome: "answered three times, the same", code: "device-lost" };
    });
  }
});
