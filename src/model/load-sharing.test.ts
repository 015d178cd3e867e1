// Loads that are aborted, loads that are shared, and callbacks that fail.
import { describe, expect, it } from "vitest";
import { expectWhole, status, times, useServer } from "../../test/support/load-test-tools.js";

const harness = useServer();

describe("aborting", () => {
  it("ends a load at any stage, at once, and drops its connections", async () => {
    for (const name of ["manifest.json", "weights-2.bin"]) {
      let closed: Promise<void> | undefined;
      const reached = new Promise<void>((resolve) => {
        harness.server.faults.set(name, (_, response, body) => {
          response.writeHead(200, { "content-length": body.length }).write(body.subarray(0, 100));
          closed = new Promise((done) => response.on("close", done));
          resolve();
          return true;
        });
      });
      const controller = new AbortController();
      const loading = harness.load({ signal: controller.signal });
      const refused = expect(loading).rejects.toMatchObject({ code: "aborted" });
      await reached;
      const started = performance.now();
      controller.abort();
      await refused;
      expect(performance.now() - started).toBeLessThan(1000);
      await closed;
      harness.server.faults.clear();
    }
  });

  it("ends the wait before another attempt", async () => {
    harness.server.faults.set("weights-2.bin", status(503, { "retry-after": "20" }));
    const controller = new AbortController();
    const loading = harness.load({ signal: controller.signal });
    setTimeout(() => controller.abort(), 50);
    await expect(loading).rejects.toMatchObject({ code: "aborted" });
  });

  it("beforehand asks nothing of the server", async () => {
    await expect(harness.load({ signal: AbortSignal.abort() })).rejects.toMatchObject({ code: "aborted" });
    expect(harness.server.requests).toEqual([]);
  });
});

describe("two loads at once", () => {
  it("share the work, but not the weights", async () => {
    const [one, other] = await Promise.all([harness.load(), harness.load()]);
    expect(harness.server.requests.filter((name) => name === "manifest.json")).toHaveLength(1);
    one.weights.release();
    expectWhole(other);
  });

  it("may be left by one without harm to the other", async () => {
    const controller = new AbortController();
    const left = harness.load({ signal: controller.signal });
    const stays = harness.load();
    const refused = expect(left).rejects.toMatchObject({ code: "aborted" });
    controller.abort();
    await refused;
    expectWhole(await stays);
  });

  it("start anew after all have left", async () => {
    const controller = new AbortController();
    const left = harness.load({ signal: controller.signal });
    const refused = expect(left).rejects.toMatchObject({ code: "aborted" });
    controller.abort();
    expectWhole(await harness.load());
    await refused;
  });

  it("both fail when it fails, and the next one may succeed", async () => {
    harness.server.faults.set("manifest.json", times(1, status(404)));
    const results = await Promise.allSettled([harness.load(), harness.load()]);
    expect(results.map(({ status: settled }) => settled)).toEqual(["rejected", "rejected"]);
    expectWhole(await harness.load());
  });
});

describe("callbacks", () => {
  it("that throw harm nobody else", async () => {
    const thrown: unknown[] = [];
    const onThrown = (error: unknown): void => void thrown.push(error);
    const listeners = process.listeners("uncaughtException");
    process.removeAllListeners("uncaughtException");
    process.on("uncaughtException", onThrown);
    try {
      const model = await harness.load({
        onProgress: () => {
          throw new Error("a fault of the page");
        },
      });
      expectWhole(model);
      expect(thrown.length).toBeGreaterThan(0);
    } finally {
      process.off("uncaughtException", onThrown);
      for (const listener of listeners) process.on("uncaughtException", listener);
    }
  });
});
