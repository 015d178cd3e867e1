// Waits grow, are bounded, and end early for the two events that make waiting pointless.
import { afterEach, describe, expect, it, vi } from "vitest";
import { delayBefore, RETRY_RULE, retryAfter, wait } from "./retry.js";

afterEach(() => {
  vi.unstubAllGlobals();
});

describe("delayBefore", () => {
  it("doubles up to its limit, give or take a quarter", () => {
    for (let attempt = 1; attempt < 50; attempt++) {
      const plain = Math.min(RETRY_RULE.firstDelayMs * 2 ** (attempt - 1), RETRY_RULE.longestDelayMs);
      const delay = delayBefore(attempt, RETRY_RULE);
      expect(delay).toBeGreaterThanOrEqual(plain * 0.75);
      expect(delay).toBeLessThanOrEqual(plain * 1.25);
    }
  });

  it("grants what a server asks for, within reason", () => {
    expect(delayBefore(1, RETRY_RULE, 12_345)).toBe(12_345);
    expect(delayBefore(1, RETRY_RULE, 1e9)).toBe(30_000);
  });
});

describe("retryAfter", () => {
  it.each([
    ["3", 3000],
    ["-5", 0],
    ["soon", 0],
  ])("reads %j", (header, expected) => {
    expect(retryAfter(new Response(null, { headers: { "retry-after": header } }))).toBe(expected);
  });

  it("reads a date", () => {
    const header = new Date(Date.now() + 60_000).toUTCString();
    expect(retryAfter(new Response(null, { headers: { "retry-after": header } }))).toBeGreaterThan(50_000);
  });
});

describe("wait", () => {
  it("ends when the device is online again", async () => {
    const events = new EventTarget();
    vi.stubGlobal("addEventListener", events.addEventListener.bind(events));
    vi.stubGlobal("removeEventListener", events.removeEventListener.bind(events));
    const waiting = wait(1e6, new AbortController().signal);
    events.dispatchEvent(new Event("online"));
    await waiting;
  });

  it("ends when aborted", async () => {
    const controller = new AbortController();
    const waiting = wait(1e6, controller.signal);
    controller.abort();
    await expect(waiting).rejects.toMatchObject({ code: "aborted" });
  });
});
