// Questions read one way: what is kept is computed once, changes no answer, and goes with its network and its photo.
import { engine, memory, setBackend } from "@tensorflow/tfjs-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { readGolden } from "../../../test/support/golden.js";
import { goldenSequences, relativeError } from "../../../test/support/parity.js";
import type { TokenRows } from "../../encoders/bert.js";
import { openWasm } from "../../engine/backends/wasm.js";
import { nodeWasmFiles } from "../../engine/backends/wasm-files-node.js";
import { disposeTree, makeTree, readTree } from "../../nn/tensor-tree.js";
import { buildNetwork, type ImageFeatures, type Network } from "../network.js";
import { takeApart } from "./one-way.js";
import type { MnerQgOutput } from "./output.js";
import { mnerQg } from "./system.js";

const golden = readGolden("golden-tiny-one-way");
const source = { has: (name: string) => golden.weights.has(name), read: (name: string) => golden.weights.get(name)! };
const pixels = golden.vectors.get("input.pixels")!.values as Float32Array;
const start = golden.config.oneWay!.sentenceStart;
const build = () => buildNetwork(mnerQg, golden.config, source);

beforeAll(async () => {
  await openWasm({ wasm: nodeWasmFiles() });
  await setBackend("wasm");
}, 60_000);

/** Rows that put questions to sentences, each a list of pieces. */
function rowsOf(pairs: readonly (readonly [readonly number[], readonly number[]])[], length = 40): TokenRows {
  const ids = new Int32Array(pairs.length * length);
  const segments = new Int32Array(ids.length);
  const shapes = new Int32Array(ids.length);
  const lengths = Int32Array.from(pairs, ([question, sentence], row) => {
    ids.set([2, ...question, 3, ...sentence, 3], row * length);
    const from = row * length + question.length + 2;
    segments.fill(1, from, from + sentence.length + 1);
    shapes.set(
      sentence.map((piece) => piece % 5),
      from,
    );
    return question.length + sentence.length + 3;
  });
  return { rows: pairs.length, length, lengths, ids, segments, shapes };
}

const QUESTIONS = [[10, 11, 12], [20, 21, 22, 23], [30], [40, 41]] as const;
const LONG = Array.from({ length: 18 }, (_, at) => 200 + at);
const [SAID, OTHER] = [
  [100, 101, 102, 103, 104, 105],
  [110, 111, 112],
] as const;
const ask = (questions: readonly (readonly number[])[], ...sentences: (readonly number[])[]): TokenRows =>
  rowsOf(sentences.flatMap((sentence) => questions.map((question) => [question, sentence] as const)));

/** How often each kernel is run. */
async function kernelsDuring(work: () => Promise<unknown>): Promise<Map<string, number>> {
  const counts = new Map<string, number>();
  const real = engine().runKernel.bind(engine());
  engine().runKernel = ((name: string, ...rest: [never, never]) => {
    counts.set(name, (counts.get(name) ?? 0) + 1);
    return real(name, ...rest);
  }) as never;
  try {
    await work();
  } finally {
    engine().runKernel = real as never;
  }
  return counts;
}

const numbersOf = (output: MnerQgOutput) => Object.entries(output).filter(([, values]) => values !== null);

function expectSame(found: MnerQgOutput, expected: MnerQgOutput): void {
  expect(numbersOf(found).map(([name]) => name)).toEqual(numbersOf(expected).map(([name]) => name));
  for (const [name, values] of numbersOf(found)) {
    expect(relativeError(values!, expected[name as keyof MnerQgOutput]!), name).toBeLessThan(1e-6);
  }
}

describe("what is kept", () => {
  let network: Network;
  let photo: ImageFeatures;
  const run = async (rows: TokenRows, features: ImageFeatures | null = photo, on = network): Promise<MnerQgOutput> =>
    (await on.run(rows, features)) as MnerQgOutput;

  beforeAll(async () => {
    network = await build();
    photo = await network.encodeImage(pixels);
  });
  afterAll(() => {
    photo.dispose();
    network.dispose();
  });

  /** What a network says that has never been asked anything. */
  async function afresh(rows: TokenRows, withPhoto = true): Promise<MnerQgOutput> {
    const other = await build();
    const features = withPhoto ? await other.encodeImage(pixels) : null;
    try {
      return await run(rows, features, other);
    } finally {
      features?.dispose();
      other.dispose();
    }
  }

  it("changes no answer: other texts, further questions, fewer, another order, windows, a long one among short ones", async () => {
    const sets = [
      ask(QUESTIONS, SAID),
      ask(QUESTIONS, OTHER),
      ask([...QUESTIONS, [50, 51]], SAID),
      ask(QUESTIONS.slice(1, 3), OTHER),
      ask([...QUESTIONS].reverse(), SAID),
      ask([[50, 51], ...QUESTIONS], SAID, OTHER),
      ask([QUESTIONS[0], LONG, QUESTIONS[1]], SAID),
    ];
    for (const rows of sets) {
      expectSame(await run(rows), await afresh(rows));
      expectSame(await run(rows, null), await afresh(rows, false));
    }
  });

  it("is not computed again", async () => {
    const cold = await build();
    const features = await cold.encodeImage(pixels);
    const first = await kernelsDuring(() => run(ask(QUESTIONS, SAID), features, cold));
    const again = await kernelsDuring(() => run(ask(QUESTIONS, OTHER), features, cold));
    const { layers } = golden.config.text;
    // One attention a layer for questions and one for sentences, and one a scale for the photo.
    const scales = golden.config.image.strides.length;
    expect(first.get("MnerAttention")).toBe(2 * layers + scales);
    expect(again.get("MnerAttention")).toBe(layers + scales);
    expect(first.get("MnerDepthwise")).toBe(scales);
    expect(again.get("MnerDepthwise")).toBeUndefined();
    const further = await kernelsDuring(() => run(ask([...QUESTIONS, [60, 61]], OTHER), features, cold));
    expect(further.get("MnerDepthwise")).toBe(scales);
    // The old questions and the new one are two groups of maps.
    expect(further.get("MnerAttention")).toBe(2 * layers + 2 * scales);
    features.dispose();
    cold.dispose();
  });

  it("does not grow without end, and goes with its photo and its network", async () => {
    const before = memory().numTensors;
    const other = await build();
    const weights = memory().numTensors;
    const features = await other.encodeImage(pixels);
    const perPhoto = memory().numTensors - weights;
    const counts: number[] = [];
    for (let turn = 0; turn < 70; turn++) {
      await run(ask([[300 + turn], [400 + turn, 401 + turn]], SAID), features, other);
      counts.push(memory().numTensors);
    }
    expect(counts[69]).toBe(counts[60]);
    const scales = golden.config.image.strides.length;
    features.dispose();
    // Twelve maps of each scale in groups of two, besides the photo itself.
    expect(memory().numTensors).toBe(counts[69]! - perPhoto - 6 * scales);
    const next = await other.encodeImage(pixels);
    await run(ask(QUESTIONS, SAID), next, other);
    other.dispose();
    next.dispose();
    expect(memory().numTensors).toBe(before);
  });

  it("leaves nothing of a run that was stopped at any place, and the next answers as ever", async () => {
    const before = memory().numTensors;
    const rows = ask(QUESTIONS, SAID);
    let slices = 0;
    await run(rows, null, network);
    const expected = await afresh(rows);
    const count = async (stopAt: number): Promise<void> => {
      const other = await build();
      const features = await other.encodeImage(pixels);
      let slice = 0;
      const pause = (): void => {
        slices = Math.max(slices, ++slice);
        if (slice === stopAt) throw new Error("stopped");
      };
      const work = other.run(rows, features, { pause });
      if (stopAt > 0) await expect(work).rejects.toThrow("stopped");
      else await work;
      expectSame(await run(rows, features, other), expected);
      features.dispose();
      other.dispose();
      expect(memory().numTensors).toBe(before);
    };
    await count(0);
    expect(slices).toBeGreaterThan(15);
    for (let stopAt = 1; stopAt <= slices; stopAt++) await count(stopAt);
  }, 60_000);

  it("stays with its thread: a photo that is carried to another is asked anew there", async () => {
    const rows = ask(QUESTIONS, SAID);
    const here = await run(rows);
    const plain = structuredClone(await readTree(photo.photo));
    expect(JSON.stringify(plain)).not.toContain("cells");
    const carried = makeTree(plain);
    const there = { photo: carried, dispose: () => disposeTree(carried) };
    expectSame(await run(rows, there), here);
    there.dispose();
  });
});

describe("rows, taken apart", () => {
  it("give every question and every sentence once", () => {
    const parts = takeApart(ask(QUESTIONS, SAID, OTHER), start, 64);
    expect([...parts.questions.values()].map((ids) => [...ids])).toEqual(QUESTIONS.map((one) => [2, ...one, 3]));
    expect(parts.sentenceOf).toEqual([0, 0, 0, 0, 1, 1, 1, 1]);
    const { ids, length, lengths } = parts.sentences;
    expect([...ids.subarray(0, length)]).toEqual([2, ...SAID, 3]);
    expect([...ids.subarray(length)]).toEqual([2, ...OTHER, 3, 0, 0, 0]);
    expect([...lengths]).toEqual([8, 5]);
    expect(parts.columns).toEqual([5, 6, 3, 4, 5, 6, 3, 4]);
  });

  it("are padded as far as positions go", () => {
    const rows = { ...ask(QUESTIONS, SAID), multipleOf: 8 };
    expect(takeApart(rows, start, 64).sentences.length).toBe(8);
    expect(takeApart({ ...ask(QUESTIONS, [...SAID, 7]), multipleOf: 8 }, start, 64).sentences.length).toBe(16);
    expect(takeApart({ ...ask(QUESTIONS, [...SAID, 7]), multipleOf: 8 }, 54, 64).sentences.length).toBe(11);
  });

  it("may hold no sentence, as when only a photo is asked", () => {
    const input = goldenSequences(golden.vectors);
    const lengths = input.lengths.map((_, row) => 6 + (row % 2));
    const parts = takeApart({ ...input, lengths }, start, 64);
    expect([...parts.rows.lengths]).toEqual([1, 1, 1, 1]);
    expect(parts.sentences.rows).toBe(1);
  });
});
