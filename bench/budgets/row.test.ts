// A budget must fail when it is exceeded, and when nothing was measured.
import { describe, expect, it } from "vitest";
import { judge } from "./row.js";

const row = { name: "x", unit: "ms", limit: 50 };

describe("a budget", () => {
  it("holds up to its limit and not beyond", () => {
    expect(judge({ ...row, found: 50 })).toBe("fits");
    expect(judge({ ...row, found: 50.1 })).toBe("EXCEEDED");
  });

  it("turns round where more is better", () => {
    expect(judge({ ...row, atLeast: true, found: 50 })).toBe("fits");
    expect(judge({ ...row, atLeast: true, found: 49.9 })).toBe("EXCEEDED");
  });

  it("does not pass for want of a figure", () => {
    expect(judge({ ...row, found: null })).toBe("UNKNOWN");
    expect(judge({ ...row, found: Number.NaN })).toBe("UNKNOWN");
  });
});
