// Rows shared with a helper: the same answers as without one, whatever becomes of it. The helper here is a second network in
// the same thread; the worker around it is tested in Chromium.
import { memory, setBackend } from "@tensorflow/tfjs-core";
import { beforeAll, describe, expect, it, vi } from "vitest";
import { readGolden } from "../../test/support/golden.js";
import { relativeError } from "../../test/support/parity.js";
import { MnerError } from "../core/mner-error.js";
import { disposeTree, makeTree } from "../nn/tensor-tree.js";
import type { Answer } from "../systems/mner-qg/output.js";
import { mnerQg } from "../systems/mner-qg/system.js";
import { buildNetwork, type Network } from "../systems/network.js";
import type { Sequences } from "../text/index.js";
import { openWasm } from "./backends/wasm.js";
import { nodeWasmFiles } from "./backends/wasm-files-node.js";
import { HelperLife, helpersFor, type RowRunner } from "./helper.js";
import { predict, sharesOf } from "./predict.js";

let golden = readGolden("golden-tiny-mini");
let network: Network;

async function build(name: string): Promise<void> {
  golden = readGolden(name);
  const { config, weights } = golden;
  network = await buildNetwork(mnerQg, config, { has: (key) => weights.has(key), read: (key) => weights.get(key)! });
}

beforeAll(async () => {
  await openWasm({ wasm: nodeWasmFiles() });
  await setBackend("wasm");
  await build("golden-tiny-mini");
}, 60_000);

/** Made-up rows: windows × 4 queries, of different lengths. */
function makeSequences(windows: number): Sequences {
  const [queryCount, length] = [4, 24];
  const rows = windows * queryCount;
  const fill = (value: (row: number, column: number) => number): Int32Array =>
    Int32Array.from({ length: rows * length }, (_, at) => value(Math.floor(at / length), at % length));
  const lengths = Int32Array.from({ length: rows }, (_, row) => length - (row % 5));
  const used = (row: number, column: number, value: number): number => (column < lengths[row]! ? value : 0);
  return {
    rows,
    length,
    queryCount,
    windows: [],
    lengths,
    ids: fill((row, column) => used(row, column, 5 + ((row * 37 + column * 11) % 900))),
    segments: fill((row, column) => used(row, column, column < 6 ? 0 : 1)),
    shapes: fill((row, column) => used(row, column, column % 5)),
    sentenceColumns: new Int32Array(queryCount).fill(6),
  };
}

function secondNetwork(): RowRunner & { readonly rows: number[] } {
  const rows: number[] = [];
  return {
    rows,
    async runRows(part, photo, signal) {
      rows.push(part.rows);
      let made: unknown = null;
      const features =
        photo === null
          ? null
          : photo.read!().then((plain) => {
              made = makeTree(plain);
              return { photo: made, dispose: () => {} };
            });
      try {
        return await network.run(part, features, { pause: () => signal.throwIfAborted() });
      } finally {
        await features?.catch(() => null);
        disposeTree(made);
      }
    },
    dispose: () => {},
  };
}

async function helpingWith(helper: RowRunner): Promise<HelperLife> {
  const helping = new HelperLife(async () => helper, { fromJob: 1, restMs: 60_000 });
  helping.ask();
  await vi.waitFor(() => expect(helping.ask()).toEqual([helper]));
  return helping;
}

async function run(
  windows: number,
  helping: HelperLife | null,
  isPhotoNew = false,
  signal = new AbortController().signal,
) {
  const features = await network.encodeImage(golden.vectors.get("input.pixels")!.values as Float32Array);
  try {
    return (await predict({
      network,
      input: makeSequences(windows),
      features: Promise.resolve(features),
      photoKey: "a photo",
      isPhotoNew,
      options: {},
      signal,
      helperLife: helping,
    })) as Answer;
  } finally {
    features.dispose();
  }
}

describe("rows shared with a helper", () => {
  it.each([
    [1, false, [2]],
    [1, true, [3]],
    [11, false, [16, 6]],
  ])("%i window(s), new photo %s: gives what one network gives", async (windows, isNew, shares) => {
    const alone = await run(windows, null);
    const helper = secondNetwork();
    const before = memory().numTensors;
    const shared = await run(windows, await helpingWith(helper), isNew);
    expect(helper.rows).toEqual(shares);
    expect(memory().numTensors).toBe(before);
    expect([...shared.existence]).toEqual([...alone.existence]);
    expect([...shared.start]).toEqual([...alone.start]);
    shared.photo!.forEach(({ candidates, none }, query) => {
      expect(none).toBe(alone.photo![query]!.none);
      expect([...candidates]).toEqual([...alone.photo![query]!.candidates]);
    });
  });

  it("does a helper's part itself when it fails, and asks it no more", async () => {
    const dead: RowRunner = {
      runRows: async () => {
        throw new MnerError("worker-failed", "gone");
      },
      dispose: vi.fn(),
    };
    const helping = await helpingWith(dead);
    const shared = await run(1, helping);
    expect([...shared.end]).toEqual([...(await run(1, null)).end]);
    expect(dead.dispose).toHaveBeenCalled();
    expect(helping.ask()).toEqual([]);
  });

  it("does not wait for ever for one that keeps silent", { timeout: 30_000 }, async () => {
    const silent: RowRunner = { runRows: () => new Promise(() => {}), dispose: vi.fn() };
    const shared = await run(1, await helpingWith(silent));
    expect(shared.existence).toHaveLength(4);
    expect(silent.dispose).toHaveBeenCalled();
  });

  it("tells the helper to stop when its own part fails", async () => {
    let told = false;
    const waiting: RowRunner = {
      runRows: (_rows, _photo, signal) =>
        new Promise((_, reject) => {
          signal.addEventListener("abort", () => {
            told = true;
            reject(new MnerError("aborted", "stopped"));
          });
        }),
      dispose: () => {},
    };
    const helping = await helpingWith(waiting);
    const failing = predict({
      network,
      input: makeSequences(1),
      features: Promise.reject(new Error("no photo")),
      photoKey: "a photo",
      isPhotoNew: true,
      options: {},
      signal: new AbortController().signal,
      helperLife: helping,
    });
    await expect(failing).rejects.toThrow("no photo");
    expect(told).toBe(true);
  });

  it("shares evenly, and leaves more to the helper while the trunk runs", () => {
    const ownShare = (busy: number) => [1, 2, 3, 4, 5, 32].map((rows) => sharesOf(rows, busy, 1)[0]);
    expect(ownShare(0)).toEqual([1, 1, 2, 2, 3, 16]);
    expect(ownShare(2)).toEqual([1, 1, 1, 1, 2, 15]);
    expect(sharesOf(4, 0, 2)).toEqual([2, 1, 1]);
    expect(sharesOf(4, 0, 3)).toEqual([1, 1, 1, 1]);
    expect(sharesOf(4, 2, 3)).toEqual([1, 1, 1, 1]);
    expect(sharesOf(2, 0, 3)).toEqual([1, 1]);
    expect(sharesOf(32, 2, 3)).toEqual([7, 9, 8, 8]);
  });

  it("gives each of several its part, in order", async () => {
    const helpers = [secondNetwork(), secondNetwork(), secondNetwork()];
    const coming = [...helpers];
    const rules = { fromJob: 1, restMs: 60_000, most: 3 };
    const helping = new HelperLife(async () => coming.shift()!, rules);
    await vi.waitFor(() => expect(helping.ask()).toHaveLength(3));
    const [alone, shared] = [await run(11, null), await run(11, helping)];
    // Forty-four rows: thirty-two, then twelve.
    expect(helpers.map(({ rows }) => rows)).toEqual([
      [8, 3],
      [8, 3],
      [8, 3],
    ]);
    expect([...shared.start]).toEqual([...alone.start]);
    expect([...shared.existence]).toEqual([...alone.existence]);
    helping.giveUp();
    expect([2, 3, 4, 5, 6, 16].map(helpersFor)).toEqual([1, 1, 2, 2, 3, 3]);
  });
});

describe("rows whose questions are read one way, shared with a helper", () => {
  beforeAll(() => build("golden-tiny-one-way"));

  it.each([1, 3])("%i window(s): gives what one network gives", async (windows) => {
    const alone = await run(windows, null);
    const shared = await run(windows, await helpingWith(secondNetwork()));
    const same = (found: ArrayLike<number>, expected: ArrayLike<number>): void =>
      expect(relativeError(found, expected)).toBeLessThan(1e-6);
    same(shared.existence, alone.existence);
    same(shared.start, alone.start);
    shared.photo!.forEach(({ candidates }, query) => void same(candidates, alone.photo![query]!.candidates));
  });
});

describe("a helper", () => {
  it("is called by the second job, and gives its memory back when nobody asks", async () => {
    vi.useFakeTimers();
    try {
      const dispose = vi.fn();
      const start = vi.fn(async (): Promise<RowRunner> => ({ runRows: () => new Promise(() => {}), dispose }));
      const helping = new HelperLife(start, { fromJob: 2, restMs: 1000 });
      expect(helping.ask()).toEqual([]);
      await vi.advanceTimersByTimeAsync(10);
      expect(start).not.toHaveBeenCalled();
      helping.ask();
      await vi.advanceTimersByTimeAsync(10);
      expect(helping.ask()).toHaveLength(1);
      await vi.advanceTimersByTimeAsync(990);
      expect(dispose).not.toHaveBeenCalled();
      await vi.advanceTimersByTimeAsync(20);
      expect(dispose).toHaveBeenCalledTimes(1);
      expect(helping.ask()).toEqual([]);
      expect(start).toHaveBeenCalledTimes(1);
    } finally {
      vi.useRealTimers();
    }
  });

  it("that cannot be had is not asked for again", async () => {
    const start = vi.fn(async (): Promise<RowRunner> => {
      throw new Error("forbidden");
    });
    const helping = new HelperLife(start, { fromJob: 1, restMs: 1000 });
    for (let job = 0; job < 3; job++) {
      expect(helping.ask()).toEqual([]);
      await new Promise((resolve) => setTimeout(resolve));
    }
    helping.giveUp();
    expect(start).toHaveBeenCalledTimes(1);
  });
});
