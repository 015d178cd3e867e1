// The network against PyTorch in Chromium, on every backend it has. The adapters are software, the kernels the shipped ones.
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type EngineSite, ISOLATED, openSite } from "../support/engine-site.js";
import { PHOTO_SYSTEMS } from "../support/system-parity.js";
import type * as parityPage from "./parity-page.js";

const TOLERANCE = { cpu: 1e-4, wasm: 1e-4, webgl: 1e-3, webgpu: 1e-3 } as const;
/** One page is not isolated, one by the newer way, all others by two headers. */
const HEADERS: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  "/alone.html": {},
  "/document.html": { "document-isolation-policy": "isolate-and-require-corp" },
};
let site: EngineSite;

beforeAll(async () => {
  // Isolated, wasm runs with threads; alone, with products of our own, relaxed SIMD among them.
  site = await openSite({
    entries: { parity: "test/engine/parity-page.ts" },
    headers: (path) => HEADERS[path] ?? ISOLATED,
    gpu: true,
  });
  for (const path of Object.keys(HEADERS)) site.pages.set(path, site.pages.get("/parity.html")!);
});

afterAll(() => site?.close());

describe.each(["golden-tiny-mini", "golden-tiny-base"])("%s", (golden) => {
  it.each([
    ["cpu", 1, "/alone.html"],
    ["wasm", 1, "/alone.html"],
    ["wasm", 2, "/parity.html"],
    ["wasm", 3, "/document.html"],
    ["webgl", 1, "/alone.html"],
    ["webgpu", 1, "/alone.html"],
  ] as const)("agrees at every boundary on %s (%i threads, %s)", async (backend, threads, path) => {
    const page = await site.open("parity", path);
    const { errors, leaked, detail } = await page.evaluate(
      ([name, folder, count]) => (globalThis as unknown as { entry: typeof parityPage }).entry.run(name, folder, count),
      [backend, golden, threads] as const,
    );
    await page.close();
    if (process.env.PARITY) console.log(golden, backend, detail, JSON.stringify(errors, null, 1));
    expect(Object.keys(errors).length).toBeGreaterThanOrEqual(20);
    for (const [boundary, error] of Object.entries(errors)) expect(error, boundary).toBeLessThan(TOLERANCE[backend]);
    expect(leaked).toBe(0);
    if (backend === "wasm") expect(Number.parseInt(detail, 10)).toBe(threads);
  });
});

describe.each(PHOTO_SYSTEMS)("golden-tiny-%s", (system) => {
  it.each(["cpu", "wasm", "webgl", "webgpu"] as const)("agrees at every boundary on %s", async (backend) => {
    const page = await site.open("parity", "/alone.html");
    const { errors, leaked } = await page.evaluate(
      ([name, folder]) => (globalThis as unknown as { entry: typeof parityPage }).entry.runSystem(name, folder),
      [backend, `golden-tiny-${system}`] as const,
    );
    await page.close();
    if (process.env.PARITY) console.log(system, backend, JSON.stringify(errors, null, 1));
    expect(Object.keys(errors).length).toBeGreaterThanOrEqual(10);
    for (const [boundary, error] of Object.entries(errors)) expect(error, boundary).toBeLessThan(TOLERANCE[backend]);
    expect(leaked).toBe(0);
  });
});
