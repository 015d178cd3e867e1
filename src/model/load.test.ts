// Loading over real HTTP: sound folders, folders that are something else, shards that cannot be had.
import { gzipSync } from "node:zlib";
import { describe, expect, it, vi } from "vitest";
import { exampleFolder, type Fault, startServer } from "../../test/support/faulty-server.js";
import { expectWhole, IMPATIENT, QUICK, status, times, useServer } from "../../test/support/load-test-tools.js";
import { loadModel } from "./load.js";
import type { LoadProgress } from "./progress.js";

const harness = useServer();

describe("a sound folder", () => {
  it("is loaded in full, each file once, with one figure that only grows", async () => {
    const seen: LoadProgress[] = [];
    const model = await harness.load({ onProgress: (progress) => seen.push(progress) });
    expectWhole(model);
    expect(model.source).toBe("network");
    expect(model.notices).toEqual([]);
    expect([...harness.server.requests].sort()).toEqual([...harness.server.files.keys()].sort());
    const fractions = seen.map(({ fraction }) => fraction);
    expect(fractions).toEqual([...fractions].sort((one, other) => one - other));
    expect(seen.at(-1)).toMatchObject({ fraction: 1, loadedBytes: seen.at(-1)!.totalBytes });
    expect(fractions.length).toBeGreaterThan(5);
  });

  it("may be named without its slash, by its manifest, or with a query", async () => {
    for (const address of [
      harness.server.url.slice(0, -1),
      `${harness.server.url}manifest.json`,
      `${harness.server.url}?token=1#x`,
    ]) {
      expectWhole(await loadModel(address, { caches: null, retry: QUICK }));
    }
    await expect(loadModel("ftp://127.0.0.1/x", { caches: null })).rejects.toMatchObject({ code: "option-invalid" });
    await expect(loadModel("models/x", { caches: null })).rejects.toMatchObject({ code: "option-invalid" });
  });

  it("never has more than four files on the way", async () => {
    const waiting: (() => void)[] = [];
    let unanswered = harness.server.files.size - 1;
    let most = 0;
    const together: Fault = (_, response, body) => {
      waiting.push(() => response.end(body));
      most = Math.max(most, waiting.length);
      // Answered once four wait (or the last few do), after time for a fifth to show itself.
      if (waiting.length === Math.min(4, unanswered)) {
        setTimeout(() => {
          unanswered -= waiting.length;
          for (const answer of waiting.splice(0)) answer();
        }, 50);
      }
      return true;
    };
    for (const name of harness.server.files.keys()) {
      if (name !== "manifest.json") harness.server.faults.set(name, together);
    }
    await harness.load();
    expect(most).toBe(4);
  });
});

describe("a folder that is not there or not a model", () => {
  const page: Fault = (_, response) => {
    response.writeHead(200, { "content-type": "text/html" }).end("<!doctype html><p>Welcome");
    return true;
  };

  it.each([404, 410, 403, 401])("status %i", async (code) => {
    harness.server.faults.set("manifest.json", status(code));
    await expect(harness.load()).rejects.toMatchObject({ code: "model-not-found" });
    expect(harness.server.requests).toHaveLength(1);
  });

  it("a web page in place of the manifest", async () => {
    harness.server.faults.set("manifest.json", page);
    await expect(harness.load()).rejects.toMatchObject({ code: "model-not-a-model" });
  });

  it("a web page in place of a shard", async () => {
    harness.server.faults.set("weights-2.bin", page);
    await expect(harness.load()).rejects.toMatchObject({ code: "model-not-a-model" });
  });

  it("half a manifest", async () => {
    harness.server.files.set("manifest.json", harness.server.files.get("manifest.json")!.subarray(0, 500));
    await expect(harness.load()).rejects.toMatchObject({ code: "model-manifest-invalid" });
  });

  it("a manifest without end", { timeout: 20_000 }, async () => {
    harness.server.faults.set("manifest.json", (_, response) => {
      response.writeHead(200);
      const block = Buffer.alloc(1 << 20, " ");
      const more = (): void => void (response.destroyed || response.write(block, more));
      more();
      return true;
    });
    await expect(harness.load()).rejects.toMatchObject({ code: "model-manifest-invalid" });
  });

  it("nobody listening", async () => {
    const { url } = harness.server;
    await harness.server.stop();
    await expect(loadModel(url, { caches: null, retry: QUICK })).rejects.toMatchObject({ code: "model-network" });
  });

  it("nobody listening because the device is offline", async () => {
    const { url } = harness.server;
    await harness.server.stop();
    vi.stubGlobal("navigator", { onLine: false });
    try {
      await expect(loadModel(url, { caches: null, retry: QUICK })).rejects.toMatchObject({ code: "offline" });
    } finally {
      vi.unstubAllGlobals();
    }
  });

  it("a manifest on another site, after a redirect", async () => {
    const other = await startServer(new Map(harness.server.files));
    harness.server.faults.set("manifest.json", status(302, { location: `${other.url}manifest.json` }));
    await expect(harness.load()).rejects.toMatchObject({ code: "model-not-found" });
    await other.stop();
  });

  it("a redirect within the site is followed, and the files beside its end are taken", async () => {
    harness.server.faults.set(
      "manifest.json",
      times(1, status(302, { location: new URL("/models/newer/manifest.json", harness.server.url).href })),
    );
    expectWhole(await harness.load());
  });
});

describe("a shard that cannot be had", () => {
  it("is missing", async () => {
    harness.server.files.delete("weights-3.bin");
    await expect(harness.load()).rejects.toMatchObject({ code: "model-shard-missing" });
  });

  it("is half a file", async () => {
    const shard = harness.server.files.get("weights-3.bin")!;
    harness.server.files.set("weights-3.bin", shard.subarray(0, shard.length / 2));
    await expect(harness.load()).rejects.toMatchObject({ code: "model-shard-truncated" });
    // From the start, from where it ended, and once more from the start.
    const asked = harness.server.requests.filter((request) => request.startsWith("weights-3.bin"));
    expect(asked).toEqual(["weights-3.bin", `weights-3.bin bytes=${shard.length / 2}-`, "weights-3.bin"]);
  });

  it("is empty", async () => {
    harness.server.files.set("weights-3.bin", new Uint8Array());
    await expect(harness.load()).rejects.toMatchObject({ code: "model-shard-truncated" });
  });

  it("has one flipped bit", async () => {
    const shard = harness.server.files.get("weights-1.bin")!.slice();
    shard[4000]! ^= 4;
    harness.server.files.set("weights-1.bin", shard);
    await expect(harness.load()).rejects.toMatchObject({ code: "model-shard-corrupt" });
    expect(harness.server.requests.filter((name) => name === "weights-1.bin")).toHaveLength(2);
  });

  it("belongs to another release of the same size", async () => {
    harness.server.files.set("weights-1.bin", (await exampleFolder(2)).get("weights-1.bin")!);
    await expect(harness.load()).rejects.toMatchObject({ code: "model-shard-corrupt" });
  });

  it("is longer than the manifest says, and is not read to its end", async () => {
    let sent = 0;
    const closed: Promise<unknown>[] = [];
    harness.server.faults.set("weights-1.bin", (_, response) => {
      closed.push(new Promise((resolve) => response.on("close", resolve)));
      response.writeHead(200);
      const block = Buffer.alloc(1 << 16);
      const more = (): void => {
        sent += block.length;
        if (!response.destroyed && sent < 1 << 28) response.write(block, more);
      };
      more();
      return true;
    });
    await expect(harness.load()).rejects.toMatchObject({ code: "model-shard-corrupt" });
    expect(sent).toBeLessThan(1 << 26);
    expect(closed).toHaveLength(2);
    await Promise.all(closed);
  });

  it("is compressed twice", async () => {
    harness.server.faults.set("weights-1.bin", (_, response, body) => {
      response.writeHead(200, { "content-encoding": "gzip" }).end(gzipSync(gzipSync(body)));
      return true;
    });
    await expect(harness.load()).rejects.toMatchObject({
      code: expect.stringMatching(/^model-shard-(corrupt|truncated)$/),
    });
  });

  it("answers 500 for ever", async () => {
    harness.server.faults.set("weights-1.bin", status(500));
    await expect(harness.load()).rejects.toMatchObject({ code: "model-network" });
    expect(harness.server.requests.filter((name) => name === "weights-1.bin")).toHaveLength(QUICK.attempts);
  });

  it("says nothing for ever", async () => {
    harness.server.faults.set("weights-1.bin", () => true);
    await expect(harness.load({ retry: IMPATIENT })).rejects.toMatchObject({ code: "model-network" });
  });
});

describe("a shard that says another's hash", () => {
  it("is refused with its manifest where their lengths differ", async () => {
    const manifest = JSON.parse(new TextDecoder().decode(harness.server.files.get("manifest.json")!));
    const first = manifest.shards[0];
    const second = manifest.shards.at(-1);
    expect(first.bytes).not.toBe(second.bytes);
    second.sha256 = first.sha256;
    harness.server.files.set("manifest.json", new TextEncoder().encode(JSON.stringify(manifest)));
    await expect(harness.load({ concurrency: 1 })).rejects.toMatchObject({
      code: "model-manifest-invalid",
      message: expect.stringContaining(second.path),
    });
    expect(harness.server.requests).toEqual(["manifest.json"]);
  });
});
