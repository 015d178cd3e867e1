// Scores of systems beside each other, against what can be counted by hand and by brute force.
import { describe, expect, it } from "vitest";
import { compareSystems, exactMcNemar } from "./compare.js";
import { scoreSpans } from "./ner.js";
import type { TypedSpan } from "./spans.js";

const span = (start: number, type = "PER"): TypedSpan => ({ start, end: start + 1, type });

describe("a difference", () => {
  it("counts who alone is right, about names that are there and names that are not", () => {
    const gold = [[span(0), span(2)], [span(5, "LOC")], []];
    const one = { system: "one", found: [[span(0), span(2)], [span(5, "ORG")], [span(1)]] };
    const other = { system: "other", found: [[span(0)], [span(5, "LOC")], []] };
    const { differences, systems, tweets } = compareSystems(gold, [one, other]);
    // One alone: span 2. The other alone: LOC found, ORG and the last name left out.
    expect(differences).toEqual([
      { one: "one", other: "other", f1: systems[0]!.f1 - systems[1]!.f1, onlyOneRight: 1, onlyOtherRight: 3, p: 0.625 },
    ]);
    expect(tweets).toBe(3);
    for (const [at, { found }] of [one, other].entries())
      expect(systems[at]).toMatchObject({ f1: scoreSpans(gold, found, []).f1 });
  });

  it("is as likely as counting all tosses says", () => {
    for (const [one, other] of [
      [0, 0],
      [0, 5],
      [3, 3],
      [2, 9],
      [7, 1],
    ] as const) {
      const total = one + other;
      let hits = 0;
      for (let tosses = 0; tosses < 2 ** total; tosses++) {
        const heads = tosses.toString(2).split("1").length - 1;
        if (Math.min(heads, total - heads) <= Math.min(one, other)) hits++;
      }
      expect(exactMcNemar(one, other)).toBeCloseTo(Math.min(1, hits / 2 ** total), 10);
      expect(exactMcNemar(other, one)).toBe(exactMcNemar(one, other));
    }
    expect(exactMcNemar(700, 900)).toBeGreaterThan(0);
    expect(exactMcNemar(700, 900)).toBeLessThan(1e-5);
    expect(exactMcNemar(800, 800)).toBe(1);
  });
});

describe("an interval", () => {
  it("holds the score, is the same each time, and narrows with more tweets", () => {
    const tweets = (count: number) => Array.from({ length: count }, (_, at) => at);
    const wide = (count: number) => {
      const gold = tweets(count).map((at) => [span(at)]);
      const found = tweets(count).map((at) => (at % 3 ? [span(at)] : [span(at + 1)]));
      const { systems } = compareSystems(gold, [{ system: "one", found }]);
      expect(compareSystems(gold, [{ system: "one", found }]).systems).toEqual(systems);
      const [low, high] = systems[0]!.interval;
      expect(low).toBeLessThan(systems[0]!.f1);
      expect(high).toBeGreaterThan(systems[0]!.f1);
      return high - low;
    };
    expect(wide(900)).toBeLessThan(wide(100) / 2);
    // Of a share p of n tweets: about 4 standard errors wide.
    expect(wide(900)).toBeCloseTo(100 * 2 * 1.96 * Math.sqrt(2 / 9 / 900), 0);
  });
});
