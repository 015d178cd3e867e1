// One page at work for as long as asked, with photos that it has never seen: memory and tensors must stay flat and answers as
// quick as they were.
import { writeFileSync } from "node:fs";
import type { Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect } from "vitest";
import { effort } from "../support/effort.js";
import { mebibytes, openFlooded, quantile, spread, tell } from "../support/flooded.js";
import { attempts } from "../support/ledger.js";
import type { HostileSite } from "../support/site.js";
import { drawSoak, type SoakSample } from "../support/soak-picture.js";

const attempt = attempts("6 soak");
const TOTAL_MS = effort.soakMinutes > 0 ? effort.soakMinutes * 60_000 : 12_000;
const SAMPLE_MS = Math.max(1500, Math.min(30_000, TOTAL_MS / 48));
/** Of the second half against the first, without the first samples, in which everything is used for the first time. */
const GROWTH = 1.05;
const SLACK_BYTES = 2 ** 20;
/** Of the soak that a release is held to. */
const PHOTOS = 2000;
let site: HostileSite;

/** Tensors of the engine's worker, as tfjs counts them. */
async function tensors(page: Page): Promise<number> {
  const counts = page
    .workers()
    .map((worker) =>
      worker.evaluate(
        () => (globalThis as { _tfengine?: { state: { numTensors: number } } })._tfengine?.state.numTensors,
      ),
    );
  return Math.max(...(await Promise.all(counts)).map((count) => count ?? Number.NaN));
}

beforeAll(async () => {
  site = await openFlooded();
});
afterAll(() => site?.close());

describe("one page", () => {
  attempt(
    "works on and on",
    async () => {
      const page = await site.open("flood");
      const crashes: string[] = [];
      page.on("crash", () => crashes.push("crash"));
      page.on("pageerror", (error) => crashes.push(String(error)));
      await tell(page, "setOut", 5);
      const samples: SoakSample[] = [];
      const begun = performance.now();
      while (performance.now() - begun < TOTAL_MS) {
        const { latencies, photos } = await tell(page, "work", SAMPLE_MS, effort.seed + samples.length);
        const bytes = await tell(page, "memory");
        samples.push({
          seconds: (performance.now() - begun) / 1000,
          bytes,
          tensors: await tensors(page),
          photos,
          latencies,
        });
      }
      expect(crashes).toEqual([]);
      if (process.env.SOAK_PICTURE) {
        writeFileSync(process.env.SOAK_PICTURE, await drawSoak(site.browser, samples));
        writeFileSync(`${process.env.SOAK_PICTURE}.json`, JSON.stringify(samples));
      }
      const warm = samples.slice(Math.ceil(samples.length / 6));
      const half = Math.ceil(warm.length / 2);
      const median = (part: readonly SoakSample[]): number =>
        quantile(
          part.map(({ bytes }) => bytes),
          0.5,
        );
      const [early, late] = [median(warm.slice(0, half)), median(warm.slice(half))];
      const all = samples.flatMap(({ latencies }) => latencies);
      expect(late).toBeLessThan(early * GROWTH + SLACK_BYTES);
      // So many photos are remembered and no more: a leak would grow from one half to the next.
      const counts = warm.map((sample) => sample.tensors);
      expect(Math.max(...counts.slice(half))).toBeLessThanOrEqual(Math.max(...counts.slice(0, half)));
      const photos = samples.reduce((sum, sample) => sum + sample.photos, 0);
      if (effort.soakMinutes >= 60) expect(photos).toBeGreaterThanOrEqual(PHOTOS);
      const minutes = (samples.at(-1)!.seconds / 60).toFixed(1);
      return {
        tries: all.length,
        outcome: `${minutes} minutes; ${spread(all)} (median / 95 % / longest); ${photos} photos, no two alike; memory ${mebibytes(early)} → ${mebibytes(late)}; at most ${Math.max(...counts)} tensors`,
      };
    },
    TOTAL_MS * 2 + 120_000,
  );
});
