// Model folders on disk, with the same faults and the same codes.
import { mkdtemp, rm, truncate, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { exampleFolder } from "../../test/support/faulty-server.js";
import { loadModelFolder } from "./node.js";

let folder: string;
let files: Map<string, Uint8Array>;

beforeEach(async () => {
  files ??= await exampleFolder();
  folder = await mkdtemp(join(tmpdir(), "mner-qg-"));
  for (const [name, bytes] of files) await writeFile(join(folder, name), bytes);
});

afterEach(() => rm(folder, { recursive: true }));

describe("loadModelFolder", () => {
  it("reads a folder by path and by URL", async () => {
    const seen: number[] = [];
    const model = await loadModelFolder(folder, { onProgress: ({ fraction }) => seen.push(fraction) });
    expect(model.weights.read("a.weight").values[1]).toBe(Math.fround(Math.sin(7.13)));
    expect(model.source).toBe("folder");
    expect(seen.at(-1)).toBe(1);
    const again = await loadModelFolder(pathToFileURL(folder));
    expect(again.release).toBe(model.release);
  });

  it("tells every fault by its code", async () => {
    const shard = join(folder, "weights-1.bin");
    const flipped = files.get("weights-1.bin")!.slice();
    flipped[5]! ^= 1;
    await writeFile(shard, flipped);
    await expect(loadModelFolder(folder)).rejects.toMatchObject({ code: "model-shard-corrupt" });
    await writeFile(shard, new Uint8Array([...files.get("weights-1.bin")!, 0]));
    await expect(loadModelFolder(folder)).rejects.toMatchObject({ code: "model-shard-corrupt" });
    await truncate(shard, 100);
    await expect(loadModelFolder(folder)).rejects.toMatchObject({ code: "model-shard-truncated" });
    await rm(shard);
    await expect(loadModelFolder(folder)).rejects.toMatchObject({ code: "model-shard-missing" });
    await writeFile(join(folder, "manifest.json"), "<html>");
    await expect(loadModelFolder(folder)).rejects.toMatchObject({ code: "model-not-a-model" });
    await rm(join(folder, "manifest.json"));
    await expect(loadModelFolder(folder)).rejects.toMatchObject({ code: "model-not-found" });
  });

  it("stops when aborted", async () => {
    const controller = new AbortController();
    const loading = loadModelFolder(folder, { signal: controller.signal, onProgress: () => controller.abort() });
    await expect(loading).rejects.toMatchObject({ code: "aborted" });
  });
});
