// Where the time goes, and how far that is from what the machine can do: stages and kernels with what they cost at least,
// against the best large product of matrices on the same backend.
import { median, type Summary, summarise } from "../arithmetic/statistics.js";
import type { KernelRecord } from "../pages/kernel-recorder.js";
import type { StageReport } from "../pages/network.js";
import type { Site } from "./site.js";

export interface StageRow {
  readonly stage: string;
  readonly ms: Summary;
  /** In kernels; the rest is the engine around them. */
  readonly kernelMs: number;
  readonly kernels: number;
  readonly gflop: number;
  readonly megabytes: number;
}

export interface KernelRow {
  readonly kernel: string;
  readonly calls: number;
  readonly ms: number;
  readonly gflop: number;
  readonly megabytes: number;
}

export interface LimitResult {
  readonly isolated: boolean;
  readonly threads: number;
  /** GFLOP/s of a large product, by whose it is. */
  readonly ceiling: Readonly<Record<string, Summary>>;
  readonly ceilingSize: number;
  readonly stages: readonly StageRow[];
  readonly kernels: readonly KernelRow[];
}

const CEILING_SIZE = 1024;

export async function measureLimit(
  site: Site,
  isolated: boolean,
  runs: number,
  shape: { rows: number; length: number },
): Promise<LimitResult> {
  const page = await site.open("network", isolated);
  try {
    const detail = await page.call<string>("open", "wasm", "/dist/models/mner-qg-mini/");
    const stagesOf = (record: boolean): Promise<StageReport[]> => page.call("stages", shape.rows, shape.length, record);
    for (let run = 0; run < 3; run++) await stagesOf(false);
    const plain: StageReport[][] = [];
    const recorded: StageReport[][] = [];
    for (let run = 0; run < runs; run++) {
      plain.push(await stagesOf(false));
      if (run % 2 === 0) recorded.push(await stagesOf(true));
    }
    const ceiling = await page.call<Record<string, number[]>>("ceiling", CEILING_SIZE, Math.max(3, runs / 2));
    return {
      isolated,
      threads: Number.parseInt(detail, 10),
      ceilingSize: CEILING_SIZE,
      ceiling: Object.fromEntries(Object.entries(ceiling).map(([name, values]) => [name, summarise(values)])),
      stages: stageRows(plain, recorded),
      kernels: kernelRows(recorded),
    };
  } finally {
    await page.close();
  }
}

const sum = (records: readonly KernelRecord[], part: "ms" | "flops" | "bytes"): number =>
  records.reduce((total, record) => total + record[part], 0);

export function stageRows(plain: readonly StageReport[][], recorded: readonly StageReport[][]): StageRow[] {
  return plain[0]!.map(({ stage }, index) => {
    const kernels = recorded[0]![index]!.kernels.filter(({ bytes }) => bytes > 0);
    return {
      stage,
      ms: summarise(plain.map((run) => run[index]!.ms)),
      kernelMs: median(recorded.map((run) => sum(run[index]!.kernels, "ms"))),
      kernels: kernels.length,
      gflop: sum(kernels, "flops") / 1e9,
      megabytes: sum(kernels, "bytes") / 1e6,
    };
  });
}

/** All kernels of a run by name, the slowest first. */
export function kernelRows(recorded: readonly StageReport[][]): KernelRow[] {
  const runs = recorded.map((stages) => stages.flatMap(({ kernels }) => kernels));
  const names = new Set(runs[0]!.filter(({ bytes }) => bytes > 0).map(({ kernel }) => kernel));
  return [...names]
    .map((kernel) => {
      const own = runs.map((records) => records.filter((record) => record.kernel === kernel));
      return {
        kernel,
        calls: own[0]!.length,
        ms: median(own.map((records) => sum(records, "ms"))),
        gflop: sum(own[0]!, "flops") / 1e9,
        megabytes: sum(own[0]!, "bytes") / 1e6,
      };
    })
    .sort((a, b) => b.ms - a.ms);
}
