// The network against PyTorch in Chromium, on every backend it has. The adapters are software, the kernels the shipped ones.
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type EngineSite, ISOLATED, openSite } from "../support/engine-site.js";
import type * as parityPage from "./parity-page.js";

const TOLERANCE = { cpu: 1e-4, wasm: 1e-4, webgl: 1e-3, webgpu: 1e-3 } as const;
let site: EngineSite;

beforeAll(async () => {
  // Isolated, wasm runs with threads; alone, with products of our own, relaxed SIMD among them.
  site = await openSite({
    entries: { parity: "test/engine/parity-page.ts" },
    headers: (path) => (path === "/alone.html" ? {} : ISOLATED),
    gpu: true,
  });
  site.pages.set("/alone.html", site.pages.get("/parity.html")!);
});

afterAll(() => site?.close());

describe.each(["golden-tiny-mini", "golden-tiny-base"])("%s", (golden) => {
  it.each([
    ["cpu", "/alone.html", /./],
    ["wasm", "/alone.html", /^1 thread$/],
    ["wasm", "/parity.html", /^[2-4] threads$/],
    ["webgl", "/alone.html", /./],
    ["webgpu", "/alone.html", /./],
  ] as const)("agrees at every boundary on %s (%s)", async (backend, path, threads) => {
    const page = await site.open("parity", path);
    const { errors, leaked, detail } = await page.evaluate(
      ([name, folder]) => (globalThis as unknown as { entry: typeof parityPage }).entry.run(name, folder),
      [backend, golden] as const,
    );
    await page.close();
    if (process.env.PARITY) console.log(golden, backend, detail, JSON.stringify(errors, null, 1));
    expect(Object.keys(errors).length).toBeGreaterThanOrEqual(20);
    for (const [boundary, error] of Object.entries(errors)) expect(error, boundary).toBeLessThan(TOLERANCE[backend]);
    expect(leaked).toBe(0);
    if (backend === "wasm") expect(detail).toMatch(threads);
  });
});
