// How many times faster a warm run is than the two-model pipeline in the same browser. Measured where the pipeline can be
// had; elsewhere the last `npm run bench` speaks, and the row says so.
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { ratios, type Summary } from "../arithmetic/statistics.js";
import { prepareOnnx } from "../harness/onnx.js";
import { pipelineRatio, type Results } from "../harness/results.js";
import { ROOT } from "../harness/root.js";
import type { BenchPage, Site } from "../harness/site.js";
import { interleave, PHOTO, TWEET } from "../harness/work.js";
import type { Row } from "./row.js";

const ROUNDS = 5;
const RECORD = join(ROOT, "bench/results.json");

export async function speedRows(site: Site): Promise<Row[]> {
  const missing = prepareOnnx(false);
  const rows: Row[] = [];
  for (const isolated of [false, true]) {
    const name = `warm text + photo, times faster than two models, ${isolated ? "" : "not "}isolated`;
    const { ratio, note } = missing === null ? await measure(site, isolated) : recorded(isolated, missing);
    rows.push({ name, found: ratio?.median ?? null, limit: 3, atLeast: true, unit: "×", note });
  }
  return rows;
}

interface Found {
  readonly ratio: Summary | null;
  readonly note: string;
}

async function measure(site: Site, isolated: boolean): Promise<Found> {
  const [product, pipeline, network] = (await Promise.all([
    site.open("product", isolated),
    site.open("onnx", isolated),
    site.open("network", isolated),
  ])) as [BenchPage, BenchPage, BenchPage];
  try {
    const threads = Number.parseInt(await network.call<string>("open", "wasm", "/dist/models/mner-qg-mini/"), 10);
    const { pieces } = await network.call<{ pieces: number }>("shapeOf", TWEET);
    await product.call("start", { backend: "wasm" }, PHOTO);
    await pipeline.call("load", ["bert-q8", "yolos-q8"], threads);
    const times = await interleave(
      [
        { name: "own", run: () => product.call("run", TWEET, "new") },
        {
          name: "pipeline",
          run: async () =>
            (await pipeline.call<number>("classify", 1, pieces + 2)) + (await pipeline.call<number>("detect")),
        },
      ],
      ROUNDS,
      1,
    );
    const ratio = ratios(times.pipeline!, times.own!);
    return { ratio, note: `measured now, ${ROUNDS} rounds, ${ratio.lower.toFixed(1)} to ${ratio.upper.toFixed(1)}` };
  } finally {
    await Promise.all([product, pipeline, network].map((page) => page.close()));
  }
}

function recorded(isolated: boolean, missing: string): Found {
  const why = `NOT measured now: ${missing}`;
  if (!existsSync(RECORD)) return { ratio: null, note: why };
  const { date, warm } = JSON.parse(readFileSync(RECORD, "utf8")) as Results;
  const found = warm.find((result) => result.isolated === isolated)!;
  return { ratio: pipelineRatio(found.times), note: `${why}; this is the figure of ${date}` };
}
