// Figures stay short and honest at both ends of the scale.
import { describe, expect, it } from "vitest";
import { count, duration, megabytes, milliseconds, percent } from "./figures.js";

describe("figures", () => {
  it("reads well", () => {
    expect([megabytes(24_300_000), megabytes(1_240_000), megabytes(0)]).toEqual(["24", "1.2", "0.0"]);
    expect([percent(0.426), percent(1)]).toEqual(["43 %", "100 %"]);
    expect([
      milliseconds(0),
      milliseconds(0.02),
      milliseconds(3.14),
      milliseconds(340),
      milliseconds(1234),
      milliseconds(12_345),
    ]).toEqual(["0 ms", "0.1 ms", "3.1 ms", "340 ms", "1.2 s", "12 s"]);
    expect([count(1, "tweet"), count(2000, "tweet"), count(0, "query", "queries")]).toEqual([
      "1 tweet",
      "2,000 tweets",
      "0 queries",
    ]);
    expect([duration(0.2), duration(59), duration(90), duration(3700), duration(Number.POSITIVE_INFINITY)]).toEqual([
      "1 s",
      "59 s",
      "2 min",
      "1 h 2 min",
      "",
    ]);
  });
});
