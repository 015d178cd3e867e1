// A thousand requests from fifty tags, a third of them taken back: none lost, none answered twice, what is on screen first.
import type { Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect } from "vitest";
import { deadline, effort } from "../support/effort.js";
import { mebibytes, openFlooded, spread, tell } from "../support/flooded.js";
import { attempts } from "../support/ledger.js";
import type { HostileSite } from "../support/site.js";

const attempt = attempts("4 load");
const TAGS = 50;
const REQUESTS = effort.long ? 1000 : 250;
/** Once everything has been used for the first time. */
const GROWTH = 1.1;
let site: HostileSite;
let page: Page;
let visible: number;

beforeAll(async () => {
  site = await openFlooded();
  page = await site.open("flood");
  visible = await tell(page, "setOut", TAGS);
});
afterAll(() => site?.close());

describe("fifty tags", () => {
  attempt("all at once: those on screen first", async () => {
    expect(visible).toBeGreaterThan(1);
    expect(visible).toBeLessThan(TAGS / 4);
    const order = await tell(page, "rush");
    expect([...order].sort((one, other) => one - other)).toEqual(Array.from({ length: TAGS }, (_, place) => place));
    // One that is already being read may end before them.
    const last = Math.max(...Array.from({ length: visible }, (_, place) => order.indexOf(place)));
    expect(last).toBeLessThanOrEqual(visible + TAGS / 10);
    return { tries: TAGS, outcome: `the ${visible} on screen were answered among the first ${last + 1}` };
  });

  attempt("random requests, a third aborted", async () => {
    const all: number[] = [];
    let [answered, aborted] = [0, 0];
    const before = { warm: 0, after: 0 };
    const until = deadline(0.2);
    for (let round = 0; round < 2 || performance.now() < until; round++) {
      const report = await tell(page, "flood", REQUESTS, effort.seed + round);
      expect(report.other).toEqual([]);
      expect([report.unsettled, report.mistaken]).toEqual([0, 0]);
      expect(report.answered + report.aborted).toBe(REQUESTS);
      expect(report.events).toBe(report.answered);
      expect(report.answered, "answered").toBeGreaterThan(REQUESTS / 20);
      expect(report.aborted, "aborted").toBeGreaterThan(REQUESTS / 20);
      answered += report.answered;
      aborted += report.aborted;
      all.push(...report.latencies);
      before.after = await tell(page, "memory");
      if (round === 0) before.warm = before.after;
    }
    expect(before.after).toBeLessThan(before.warm * GROWTH);
    const flat = `memory ${mebibytes(before.warm)} → ${mebibytes(before.after)}`;
    return {
      tries: answered + aborted,
      outcome: `${answered} answered once, in ${spread(all)} (median / 95 % / longest); ${flat}`,
      code: `${aborted} aborted`,
    };
  });
});
