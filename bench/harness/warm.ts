// Warm runs of the product, of the two-model pipeline, and of the same network in both engines, all in turns.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { ROOT } from "./root.js";
import type { BenchPage, Site } from "./site.js";
import { BATCH, type Contender, interleave, PHOTO, TWEET } from "./work.js";

export interface WarmResult {
  readonly isolated: boolean;
  readonly threads: number;
  readonly shape: { readonly rows: number; readonly length: number };
  /** Pieces of the tweet alone, as the token classifier gets it. */
  readonly pieces: number;
  /** Milliseconds by contender, one per round. */
  readonly times: Readonly<Record<string, readonly number[]>>;
  readonly batch: Readonly<Record<string, readonly number[]>>;
  /** Largest difference between the two engines' answers for one input, relative to the largest answer. */
  readonly disagreement: number;
}

export interface Rounds {
  readonly warm: number;
  readonly batch: number;
}

const MODEL = "/dist/models/mner-qg-mini/";
/** The side of the shipped model's photo input. */
const IMAGE_SIZE: number = JSON.parse(readFileSync(join(ROOT, "public/models/mner-qg-mini/manifest.json"), "utf8"))
  .config.image.size;

export async function measureWarm(site: Site, isolated: boolean, rounds: Rounds): Promise<WarmResult> {
  const pages = await Promise.all(
    (["product", "product", "network", "onnx", "onnx"] as const).map((entry) => site.open(entry, isolated)),
  );
  const [product, oneWay, network, pipeline, own] = pages as [BenchPage, BenchPage, BenchPage, BenchPage, BenchPage];
  try {
    const detail = await network.call<string>("open", "wasm", MODEL);
    const threads = Number.parseInt(detail, 10);
    await product.call("start", { backend: "wasm" }, PHOTO);
    await oneWay.call("start", { backend: "wasm", model: "/one-way/" }, PHOTO);
    await pipeline.call("load", ["bert-q8", "yolos-q8", "yolos"], threads);
    await own.call("load", ["own-image", "own-text", "own-photo"], threads);
    const shape = await network.call<{ rows: number; length: number; pieces: number }>("shapeOf", TWEET);
    const { rows, length } = shape;
    // The classifier's input has a [CLS] and a [SEP] more.
    const pieces = shape.pieces + 2;

    await network.call("encodeImage");
    await own.call("encodeImage", IMAGE_SIZE);
    const answers = await Promise.all([network, own].map((page) => page.call<Answers>("answers", rows, length)));

    const analyse = (name: string, photo: string, page = product): Contender => ({
      name,
      run: () => page.call("run", TWEET, photo),
    });
    const contenders: Contender[] = [
      analyse("product: text", "none"),
      analyse("product: text + photo", "new"),
      analyse("product: same photo", "same"),
      analyse("one way: text", "none", oneWay),
      analyse("one way: text + photo", "new", oneWay),
      analyse("one way: same photo", "same", oneWay),
      { name: "pipeline: text", run: () => pipeline.call("classify", 1, pieces) },
      { name: "pipeline: photo", run: () => pipeline.call("detect", "yolos-q8") },
      { name: "pipeline: photo, 32 bits", run: () => pipeline.call("detect", "yolos") },
      { name: "tfjs: photo trunk", run: () => network.call("encodeImage") },
      { name: "ort: photo trunk", run: () => own.call("encodeImage", IMAGE_SIZE) },
      { name: "tfjs: text with photo", run: () => network.call("run", rows, length, true) },
      { name: "ort: text with photo", run: () => own.call("run", rows, length, true) },
      { name: "tfjs: text alone", run: () => network.call("run", rows, length, false) },
      { name: "ort: text alone", run: () => own.call("run", rows, length, false) },
    ];
    const times = await interleave(contenders, rounds.warm);
    const batch = await interleave(
      [
        { name: "product", run: () => product.call("batch", BATCH) },
        { name: "pipeline", run: () => batchOfTwo(pipeline, pieces) },
      ],
      rounds.batch,
      0,
    );
    return { isolated, threads, shape, pieces, times, batch, disagreement: disagreement(answers[0]!, answers[1]!) };
  } finally {
    await Promise.all(pages.map((page) => page.close()));
  }
}

/** The classifier takes all texts at once, the detector one photo after the other: its graph is for one. */
async function batchOfTwo(pipeline: BenchPage, pieces: number): Promise<number> {
  let ms = await pipeline.call<number>("classify", BATCH.length, pieces);
  for (let photo = 0; photo < BATCH.length; photo++) ms += await pipeline.call<number>("detect", "yolos-q8");
  return ms;
}

type Answers = Readonly<Record<string, readonly number[]>>;

function disagreement(a: Answers, b: Answers): number {
  let [difference, largest] = [0, 0];
  for (const [name, values] of Object.entries(a)) {
    if (values.length !== b[name]?.length) throw new Error(`The engines give different numbers of "${name}".`);
    values.forEach((value, index) => {
      difference = Math.max(difference, Math.abs(value - b[name]![index]!));
      largest = Math.max(largest, Math.abs(value));
    });
  }
  return difference / largest;
}
