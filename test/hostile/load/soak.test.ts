// One page at work for as long as asked: memory must stay flat and answers as quick as they were.
import { writeFileSync } from "node:fs";
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
let site: HostileSite;

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
        const latencies = await tell(page, "work", SAMPLE_MS, effort.seed + samples.length);
        const bytes = await tell(page, "memory");
        samples.push({ seconds: (performance.now() - begun) / 1000, bytes, latencies });
      }
      expect(crashes).toEqual([]);
      const warm = samples.slice(Math.ceil(samples.length / 6));
      const half = Math.ceil(warm.length / 2);
      const median = (part: readonly SoakSample[]): number =>
        quantile(
          part.map(({ bytes }) => bytes),
          0.5,
        );
      const [early, late] = [median(warm.slice(0, half)), median(warm.slice(half))];
      const all = samples.flatMap(({ latencies }) => latencies);
      if (process.env.SOAK_PICTURE) {
        writeFileSync(process.env.SOAK_PICTURE, await drawSoak(site.browser, samples));
      }
      expect(late).toBeLessThan(early * GROWTH + SLACK_BYTES);
      const minutes = (samples.at(-1)!.seconds / 60).toFixed(1);
      return {
        tries: all.length,
        outcome: `${minutes} minutes; ${spread(all)} (median / 95 % / longest); memory ${mebibytes(early)} → ${mebibytes(late)}`,
      };
    },
    TOTAL_MS * 2 + 120_000,
  );
});
