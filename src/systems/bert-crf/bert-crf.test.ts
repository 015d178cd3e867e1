// BERT+CRF against PyTorch: its weights, its emissions, the best tags, and the chance of each name.
import { readFileSync } from "node:fs";
import { memory, setBackend, type Tensor } from "@tensorflow/tfjs-core";
import { beforeAll, describe, expect, it } from "vitest";
import { FIXTURES, readSafetensors } from "../../../test/support/golden.js";
import { goldenSequences, relativeError } from "../../../test/support/parity.js";
import { modelTokenizer } from "../../../test/support/test-tokenizer.js";
import { openCpu } from "../../engine/backends/cpu.js";
import { openWasm } from "../../engine/backends/wasm.js";
import { nodeWasmFiles } from "../../engine/backends/wasm-files-node.js";
import { UNCALIBRATED } from "../../model/index.js";
import type { WeightSource } from "../../nn/readers.js";
import { WeightLoader } from "../../nn/readers.js";
import { prepareText } from "../../text/index.js";
import { loadSystem } from "../index.js";
import { buildNetwork, weightShapes } from "../network.js";
import { bestTags, Chances, type Crf, declareCrf, namesOf } from "../tagging/crf.js";
import { type BertCrfOutput, bertCrf, readConfig } from "./system.js";

const folder = `${FIXTURES}golden-tiny-bert-crf/`;
const config = readConfig(JSON.parse(readFileSync(`${folder}config.json`, "utf8")), UNCALIBRATED);
const weights = readSafetensors(`${folder}model.safetensors`);
const vectors = readSafetensors(`${folder}golden.safetensors`);
const source: WeightSource = {
  has: (name) => weights.has(name),
  read: (name) => weights.get(name) as ReturnType<WeightSource["read"]>,
};
const rows = goldenSequences(vectors);
const first = vectors.get("input.first")!.values;
const emissions = vectors.get("output.emissions")!.values as Float32Array;
const TAGS = 9;
const SLOW_MS = 60_000;

/** Emissions of a row's words: at the first piece of each. */
const wordsOf = (row: number): Float32Array => {
  const places = Array.from({ length: rows.length }, (_, at) => row * rows.length + at).filter((at) => first[at]);
  return Float32Array.from(places.flatMap((at) => [...emissions.subarray(at * TAGS, (at + 1) * TAGS)]));
};

let crf: Crf;
beforeAll(async () => {
  await openCpu();
  await openWasm({ wasm: nodeWasmFiles() });
  const loader = new WeightLoader(source);
  crf = declareCrf(loader, config.labels.length);
  await loader.load();
}, SLOW_MS);

describe("the network", { timeout: SLOW_MS }, () => {
  it("is in the registry, named and shaped as in PyTorch", async () => {
    expect(await loadSystem("bert-crf")).toBe(bertCrf);
    const saved = Object.fromEntries([...weights].map(([name, { shape }]) => [name, [...shape]]));
    expect(Object.fromEntries(weightShapes(bertCrf, config).shapes)).toEqual(saved);
  });

  it.each(["cpu", "wasm"])("agrees with PyTorch on %s, and leaves nothing", async (backend) => {
    await setBackend(backend);
    const before = memory().numTensors;
    const network = await buildNetwork(bertCrf, config, source);
    let encoded: Promise<ArrayLike<number>> | undefined;
    const watch = (_: string, tensor: Tensor): void => {
      const copy = tensor.clone();
      encoded = copy.data().finally(() => copy.dispose());
    };
    const output = (await network.run(rows, null, { watch })) as BertCrfOutput;
    expect(relativeError(output.emissions, emissions)).toBeLessThan(1e-4);
    expect(relativeError(await encoded!, vectors.get("text_encoder")!.values)).toBeLessThan(1e-4);
    network.dispose();
    expect(memory().numTensors).toBe(before);
  });
});

describe("the chain", () => {
  it("finds the tags that PyTorch finds", () => {
    const golden = vectors.get("decode.tags")!.values;
    for (let row = 0; row < rows.rows; row++) {
      const found = bestTags(crf, wordsOf(row));
      const ofRow = [...golden.slice(row * rows.length, (row + 1) * rows.length)];
      expect(found).toEqual(ofRow.filter((tag) => tag >= 0));
      expect(found.length).toBeGreaterThan(1);
    }
  });

  it("gives every name the chance that PyTorch gives it", () => {
    const partition = vectors.get("decode.partition")!.values;
    const chances = Array.from({ length: rows.rows }, (_, row) => new Chances(crf, wordsOf(row)));
    for (const [row, one] of chances.entries()) expect(one.partition).toBeCloseTo(partition[row]!, 4);
    const names = vectors.get("decode.names")!.values;
    vectors.get("decode.chances")!.values.forEach((golden, index) => {
      const [row, from, to, label] = names.slice(4 * index, 4 * index + 4) as unknown as number[];
      expect(chances[row!]!.of({ first: from!, last: to!, label: label! })).toBeCloseTo(golden, 5);
    });
  });

  it("agrees with counting all sequences of three words", () => {
    const short = wordsOf(0).slice(0, 3 * TAGS);
    const scoreOf = (path: readonly number[]): number =>
      path.reduce((sum, tag, word) => {
        const before = word === 0 ? crf.start[tag]! : crf.moves[path[word - 1]! * TAGS + tag]!;
        return sum + before + short[word * TAGS + tag]!;
      }, crf.end[path[2]!]!);
    const paths = Array.from({ length: TAGS ** 3 }, (_, n) => [Math.floor(n / 81), Math.floor(n / 9) % 9, n % 9]);
    const total = paths.reduce((sum, path) => sum + Math.exp(scoreOf(path)), 0);
    const share = (wanted: (path: readonly number[]) => boolean): number =>
      paths.filter(wanted).reduce((sum, path) => sum + Math.exp(scoreOf(path)), 0) / total;
    const chances = new Chances(crf, short);
    const best = paths.reduce((one, other) => (scoreOf(other) > scoreOf(one) ? other : one));
    expect(bestTags(crf, short)).toEqual(best);
    for (let label = 0; label < 4; label++) {
      const [begin, inside] = [1 + 2 * label, 2 + 2 * label];
      expect(chances.of({ first: 0, last: 1, label })).toBeCloseTo(
        share(([a, b, c]) => a === begin && b === inside && c !== inside),
        9,
      );
      expect(chances.ofAny(label)).toBeCloseTo(
        share((path) => path.includes(begin)),
        9,
      );
    }
  });

  it("never begins a name in its middle", () => {
    expect(namesOf([0, 1, 2, 2, 3, 0, 7, 7, 8])).toEqual([
      { first: 1, last: 3, label: 0 },
      { first: 4, last: 4, label: 1 },
      { first: 6, last: 6, label: 3 },
      { first: 7, last: 8, label: 3 },
    ]);
    const wild = new Float32Array(5 * TAGS);
    for (let word = 0; word < 5; word++) wild[word * TAGS + 2 + 2 * (word % 4)] = 100;
    for (const [word, tag] of bestTags(crf, wild).entries()) {
      if (tag > 0 && tag % 2 === 0) expect([tag - 1, tag]).toContain(bestTags(crf, wild)[word - 1]);
    }
  });
});

describe("names", () => {
  it("are words of the text, read window by window", async () => {
    const tokenizer = modelTokenizer();
    const text = "John Smith met NASA in New York, and then John Smith met NASA in New York.";
    const prepared = prepareText(tokenizer, text);
    const input = bertCrf.inputs({ tokenizer, prepared, queries: [], multipleOf: 1 }, { ...config, maxPieces: 14 });
    expect(input.rows).toBeGreaterThan(1);
    expect([input.ids[0], input.segments[0], input.segments[1]]).toEqual([tokenizer.special.classification, 0, 1]);
    // The first piece of each word, in whichever window, votes for B-PER on capital letters and O elsewhere.
    const wanted = new Float32Array(input.rows * input.length * TAGS);
    for (let row = 0; row < input.rows; row++) {
      const { firstPiece, endPiece } = input.windows[row]!;
      for (let piece = firstPiece; piece < endPiece; piece++) {
        const { start } = prepared.pieces[piece]!;
        const column = input.sentenceColumns[0]! + piece - firstPiece;
        wanted[(row * input.length + column) * TAGS + (/[A-Z]/.test(text[start]!) ? 1 : 0)] = 50;
      }
    }
    const collector = bertCrf.collect(input);
    collector.add({ emissions: wanted }, 0, input.rows);
    const net = { ...(null as never as Parameters<typeof bertCrf.decode>[0]), crf };
    const request = {
      prepared,
      queries: [{ label: "PER", query: "" }],
      letterbox: null,
      nested: false,
      threshold: 0.5,
    };
    const { entities, queries } = bertCrf.decode(net, config, collector.answer(), input, request);
    const capitals = [...text.matchAll(/[A-Z]\w*/g)].map(([word]) => word);
    expect(entities.map((entity) => entity.text)).toEqual(capitals);
    for (const { start, end, text: name, type, score } of entities) {
      expect([text.slice(start, end), type]).toEqual([name, "PER"]);
      expect(score).toBeGreaterThan(0.99);
    }
    expect(queries[0]).toMatchObject({ exists: expect.closeTo(1, 6), region: null, notInPhoto: 1 });
  });
});
