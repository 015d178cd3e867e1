// Runs everything in one Chromium, keeps what was measured in bench/results.json, and writes the report from it.
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type ColdResult, measureCold } from "./cold.js";
import { describeDevice } from "./device.js";
import { measureGrowth } from "./growth.js";
import { type LimitResult, measureLimit } from "./limit.js";
import { measureLoad } from "./load.js";
import { measureOneWay, type OneWayResult } from "./one-way.js";
import { ortVersion, prepareOnnx, smokeGraphs } from "./onnx.js";
import { writePlots } from "./plots.js";
import { writeReport } from "./report.js";
import type { Results } from "./results.js";
import { ROOT } from "./root.js";
import { openSite } from "./site.js";
import { measureWarm, type WarmResult } from "./warm.js";

const RESULTS = join(ROOT, "bench/results.json");

interface Runs {
  readonly warm: number;
  readonly batch: number;
  readonly cold: number;
  readonly limit: number;
  readonly growth: number;
}

const FULL: Runs = { warm: 12, batch: 2, cold: 4, limit: 6, growth: 3 };
const QUICK: Runs = { warm: 5, batch: 1, cold: 2, limit: 3, growth: 1 };
/** Only tells whether the bench itself still works. */
const SMOKE = { warm: 1, batch: 1 };

export async function main(options: readonly string[]): Promise<void> {
  if (options.includes("--smoke")) return smoke();
  const quick = options.includes("--quick");
  if (!options.includes("--report")) await measure(quick ? QUICK : FULL, quick);
  const results = JSON.parse(readFileSync(RESULTS, "utf8")) as Results;
  await writePlots(results);
  writeReport(results);
}

/** One warm round of everything, and every system's graphs at their tiny size. Writes nothing. */
async function smoke(): Promise<void> {
  const missing = smokeGraphs() ?? prepareOnnx(true);
  if (missing !== null) throw new Error(`There is nothing to compare with: ${missing}.`);
  const site = await openSite();
  try {
    const { times, disagreement, pieces } = await measureWarm(site, false, SMOKE);
    const { times: ways } = await measureOneWay(site, false, 1);
    const load = await measureLoad(site, 1, pieces);
    if (!load.every(({ cpuSeconds }) => cpuSeconds > 0)) throw new Error("A run took no time of any processor.");
    for (const [name, [ms]] of Object.entries({ ...times, ...ways }))
      console.log(`${name.padEnd(40)} ${ms!.toFixed(0).padStart(6)} ms`);
    if (!(disagreement < 0.02)) throw new Error(`The two engines disagree by ${disagreement}.`);
    console.log("The bench works.");
  } finally {
    await site.close();
  }
}

async function measure(runs: Runs, quick: boolean): Promise<void> {
  const missing = prepareOnnx(true);
  if (missing !== null) throw new Error(`There is nothing to compare with: ${missing}.`);
  const site = await openSite();
  const part = async <T>(name: string, work: () => Promise<T>): Promise<T> => {
    const begun = performance.now();
    const result = await work();
    console.log(`${name.padEnd(40)} ${((performance.now() - begun) / 1000).toFixed(0).padStart(4)} s`);
    return result;
  };
  try {
    const device = await describeDevice(site.browser);
    const warm: WarmResult[] = [];
    const cold: ColdResult[] = [];
    const limit: LimitResult[] = [];
    const oneWay: OneWayResult[] = [];
    for (const isolated of [false, true]) {
      const where = isolated ? "isolated" : "not isolated";
      const found = await part(`warm, ${where}`, () => measureWarm(site, isolated, runs));
      const { threads, pieces, shape } = found;
      warm.push(found);
      cold.push(
        await part(`cold, ${where}`, () => measureCold(site, isolated, runs.cold, { threads, pieces, pipeline: true })),
      );
      oneWay.push(await part(`one way, ${where}`, () => measureOneWay(site, isolated, runs.warm)));
      limit.push(await part(`stages, ${where}`, () => measureLimit(site, isolated, runs.limit, shape)));
    }
    const load = await part("seconds and memory", () => measureLoad(site, runs.limit, warm[0]!.pieces));
    const growth = await part("growth", () => measureGrowth(site, runs.growth, quick));
    const results: Results = {
      date: new Date().toISOString().slice(0, 10),
      quick,
      device,
      ort: ortVersion(),
      warm,
      cold,
      limit,
      oneWay,
      load,
      growth,
    };
    writeFileSync(RESULTS, `${JSON.stringify(results, rounded, 1)}\n`);
  } finally {
    await site.close();
  }
}

/** Hundredths of a millisecond are noise. */
const rounded = (_: string, value: unknown): unknown =>
  typeof value === "number" && !Number.isInteger(value) ? Number(value.toPrecision(5)) : value;
