// How often a run of the shipped model calls upon a GPU: each call costs some ten microseconds, whatever it computes.
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, expect, it } from "vitest";
import type * as networkPage from "../../bench/pages/network.js";
import { type EngineSite, openSite } from "../support/engine-site.js";

let site: EngineSite;

beforeAll(async () => {
  site = await openSite({
    entries: { network: "bench/pages/network.ts" },
    folders: { "/models": fileURLToPath(new URL("../../public/models", import.meta.url)) },
    gpu: true,
  });
});

afterAll(() => site?.close());

it("is called upon at most 400 times for a text with a photo, and 60 for a text alone", {
  timeout: 600_000,
}, async () => {
  const page = await site.open("network");
  const counts = await page.evaluate(async () => {
    const { entry } = globalThis as unknown as { entry: typeof networkPage };
    await entry.open("webgpu", "/models/mner-qg-mini/");
    entry.countDispatches();
    const during = async (work: () => Promise<unknown>): Promise<number> => {
      await work();
      return entry.countDispatches();
    };
    return {
      photo: await during(() => entry.encodeImage()),
      both: await during(() => entry.run(2, 16, true)),
      text: await during(() => entry.run(2, 16, false)),
    };
  });
  await page.close();
  if (process.env.PARITY) console.log(counts);
  expect(counts.text).toBeGreaterThan(20);
  expect(counts.text).toBeLessThanOrEqual(60);
  expect(counts.photo + counts.both).toBeLessThanOrEqual(400);
});
