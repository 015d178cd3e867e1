// Loading over bad connections: what breaks is resumed, what hangs is given up, what changes is read anew.
import { describe, expect, it } from "vitest";
import { exampleFolder, startServer, tagOf } from "../../test/support/faulty-server.js";
import {
  cutOff,
  cutOffWhole,
  expectWhole,
  IMPATIENT,
  status,
  times,
  useServer,
} from "../../test/support/load-test-tools.js";

const harness = useServer();

describe("a bad connection", () => {
  it.each([500, 502, 503, 429, 408])("gets over status %i", async (code) => {
    harness.server.faults.set("manifest.json", times(2, status(code)));
    harness.server.faults.set("weights-0.bin", times(2, status(code, { "retry-after": "0" })));
    expectWhole(await harness.load());
  });

  it("resumes where the connection broke", async () => {
    harness.server.faults.set("weights-1.bin", times(2, cutOff(3000)));
    expectWhole(await harness.load());
    const asked = harness.server.requests.filter((request) => request.startsWith("weights-1.bin"));
    expect(asked).toEqual(["weights-1.bin", "weights-1.bin bytes=3000-", "weights-1.bin bytes=6000-"]);
  });

  it("starts the file over where the server knows no ranges", async () => {
    harness.server.acceptRanges = false;
    harness.server.faults.set("weights-1.bin", times(2, cutOffWhole));
    expectWhole(await harness.load());
  });

  it("gives up where the server knows no ranges and never gets further", async () => {
    harness.server.faults.set("weights-1.bin", cutOffWhole);
    await expect(harness.load()).rejects.toMatchObject({ code: "model-network" });
  });

  it("goes on however often it breaks, as long as something new arrives", async () => {
    harness.server.faults.set("weights-1.bin", cutOff(500));
    expectWhole(await harness.load());
    expect(harness.server.requests.filter((request) => request.startsWith("weights-1.bin")).length).toBeGreaterThan(10);
  });

  it("waits for a slow drip", async () => {
    harness.server.faults.set("weights-4.bin", (_, response, body) => {
      response.writeHead(200, { "content-length": body.length });
      let at = 0;
      const drip = setInterval(() => {
        response.write(body.subarray(at, at + 200));
        at += 200;
        if (at >= body.length) {
          clearInterval(drip);
          response.end();
        }
      }, 10);
      return true;
    });
    expectWhole(await harness.load());
    expect(harness.server.requests.filter((request) => request.startsWith("weights-4.bin"))).toHaveLength(1);
  });

  it("resumes after a silence in the middle", async () => {
    harness.server.faults.set(
      "weights-1.bin",
      times(1, (_, response, body) => {
        response.writeHead(200, { "content-length": body.length, etag: tagOf(body) }).write(body.subarray(0, 1000));
        return true;
      }),
    );
    expectWhole(await harness.load({ retry: IMPATIENT }));
    expect(harness.server.requests).toContain("weights-1.bin bytes=1000-");
  });

  it("resumes after a body that ends early without an error", async () => {
    harness.server.faults.set(
      "weights-1.bin",
      times(1, (_, response, body) => {
        response.writeHead(200, { "content-length": 1000, etag: tagOf(body) }).end(body.subarray(0, 1000));
        return true;
      }),
    );
    expectWhole(await harness.load());
    expect(harness.server.requests).toContain("weights-1.bin bytes=1000-");
  });

  it("gets over a wrong hash once, past all caches", async () => {
    const caches: (string | undefined)[] = [];
    const watched: typeof fetch = (url, init) => {
      if (String(url).endsWith("weights-1.bin")) caches.push(init?.cache);
      return fetch(url, init);
    };
    harness.server.faults.set(
      "weights-1.bin",
      times(1, (_, response, body) => {
        response.end(Buffer.alloc(body.length, 7));
        return true;
      }),
    );
    expectWhole(await harness.load({ fetch: watched }));
    expect(caches).toEqual(["default", "reload"]);
  });

  it("starts over when the file changed between two parts", async () => {
    harness.server.faults.set(
      "weights-1.bin",
      times(1, (_, response, body) => {
        response.writeHead(200, { etag: '"old"', "content-length": body.length });
        response.write(Buffer.alloc(3000, 9), () => setTimeout(() => response.destroy(), 5));
        return true;
      }),
    );
    expectWhole(await harness.load());
  });

  it("does not believe a range that was not asked for", async () => {
    harness.server.faults.set(
      "weights-1.bin",
      times(1, (_, response, body) => {
        const range = `bytes 100-${body.length - 1}/${body.length}`;
        response.writeHead(206, { "content-range": range }).end(body.subarray(100));
        return true;
      }),
    );
    expectWhole(await harness.load());
    const asked = harness.server.requests.filter((request) => request.startsWith("weights-1.bin"));
    expect(asked).toEqual(["weights-1.bin", "weights-1.bin"]);
  });

  it("takes a shard from another site, since its hash is known", async () => {
    const other = await startServer(new Map(harness.server.files));
    harness.server.faults.set("weights-1.bin", status(302, { location: `${other.url}weights-1.bin` }));
    expectWhole(await harness.load());
    const shard = other.files.get("weights-1.bin")!.slice();
    shard[0]! ^= 1;
    other.files.set("weights-1.bin", shard);
    await expect(harness.load()).rejects.toMatchObject({ code: "model-shard-corrupt" });
    await other.stop();
  });

  it("gives up on a circle of redirects", async () => {
    harness.server.faults.set("weights-1.bin", status(302, { location: `${harness.server.url}weights-1.bin` }));
    await expect(harness.load()).rejects.toMatchObject({ code: "model-network" });
  });

  it("in memory, keeps what it had when a load fails, and gets only the rest next time", async () => {
    harness.server.faults.set("weights-4.bin", status(500));
    await expect(harness.load({ concurrency: 1 })).rejects.toMatchObject({ code: "model-network" });
    harness.server.faults.clear();
    harness.server.requests.length = 0;
    expectWhole(await harness.load());
    expect([...harness.server.requests].sort()).toEqual(["manifest.json", "weights-4.bin"]);
  });
});

describe("a release that is replaced while it is read", () => {
  it("is read anew, and nothing of the two is mixed", async () => {
    const newer = await exampleFolder(3, "1.1.0");
    harness.server.faults.set(
      "weights-2.bin",
      times(1, () => {
        for (const [name, bytes] of newer) harness.server.files.set(name, bytes);
        return false;
      }),
    );
    const seen: number[] = [];
    const model = await harness.load({ concurrency: 1, onProgress: ({ fraction }) => seen.push(fraction) });
    expect(model.manifest.version).toBe("1.1.0");
    expectWhole(model, 3);
    // The same in both, so not asked for again.
    expect(harness.server.requests.filter((name) => name === "vocab.txt")).toHaveLength(1);
    expect(seen).toEqual([...seen].sort((one, other) => one - other));
  });
});
