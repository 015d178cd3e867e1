// Writes docs/performance.md from what was measured. No figure in it is typed by hand.
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { median, ratios, type Summary, summarise } from "../arithmetic/statistics.js";
import type { ColdResult } from "./cold.js";
import type { LimitResult } from "./limit.js";
import { charts } from "./plots.js";
import { pipelineRatio, type Results } from "./results.js";
import { ROOT } from "./root.js";
import type { WarmResult } from "./warm.js";

const whole = (value: number): string => value.toLocaleString("en", { maximumFractionDigits: value < 10 ? 1 : 0 });
const times = (value: number): string => `${value.toFixed(2)}×`;
/** Median, and between which values the middle half of the runs lies. */
const spread = ({ median: middle, lower, upper }: Summary): string =>
  `${whole(middle)} (${whole(lower)}–${whole(upper)})`;
const spreadOf = (values: readonly number[] | undefined): string => (values ? spread(summarise(values)) : "–");
const quotient = ({ median: middle, lower, upper }: Summary): string =>
  `**${times(middle)}** (${lower.toFixed(2)}–${upper.toFixed(2)})`;

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]): string => `| ${cells.join(" | ")} |`;
  return [line(head), line(head.map((_, index) => (index === 0 ? "---" : "---:"))), ...rows.map(line)].join("\n");
}

const where = (isolated: boolean, threads: number): string =>
  `${isolated ? "cross-origin isolated" : "not isolated"}, ${threads} thread${threads === 1 ? "" : "s"}`;

const sums = (...lists: (readonly number[])[]): number[] =>
  lists[0]!.map((_, round) => lists.reduce((sum, list) => sum + list[round]!, 0));

/** What issue and product ask for, each with the figure that answers it. */
export interface Goal {
  readonly name: string;
  readonly found: Summary;
  readonly limit: number;
  readonly atLeast: boolean;
  readonly unit: string;
}

export function goals(results: Results): Goal[] {
  return results.warm.flatMap((warm, index) => {
    const t = warm.times;
    const place = where(warm.isolated, warm.threads);
    const first = t["product: text + photo"]!;
    const cold = results.cold[index]!.times["product: second visit"]!;
    const ours = sums(t["tfjs: photo trunk"]!, t["tfjs: text with photo"]!);
    const theirs = sums(t["ort: photo trunk"]!, t["ort: text with photo"]!);
    const allowed = 3 * median(first) + 1500;
    return [
      {
        name: `Faster than two models, text + photo (${place})`,
        found: pipelineRatio(t),
        limit: 3,
        atLeast: true,
        unit: "×",
      },
      {
        name: `Own network here against onnxruntime-web, time (${place})`,
        found: ratios(ours, theirs),
        limit: 1.3,
        atLeast: false,
        unit: "×",
      },
      // The product takes further cores by workers, not by threads: what a reader gets, against the other engine's threads.
      ...(warm.threads === 1
        ? []
        : [
            {
              name: `The whole product, by its two workers, against onnxruntime-web's network alone, time (${place})`,
              found: ratios(first, theirs),
              limit: 1.3,
              atLeast: false,
              unit: "×",
            },
          ]),
      {
        name: `Same photo, new text, faster than the first run (${place})`,
        found: ratios(first, t["product: same photo"]!),
        limit: 1.3,
        atLeast: true,
        unit: "×",
      },
      {
        name: `Cold start from a warm HTTP cache, of 3 warm runs + 1.5 s (${place})`,
        found: summarise(cold.map((ms) => ms / allowed)),
        limit: 1,
        atLeast: false,
        unit: "×",
      },
    ];
  });
}

function goalTable(results: Results): string {
  return table(
    ["goal", "found", "asked", ""],
    goals(results).map(({ name, found, limit, atLeast, unit }) => [
      name,
      quotient(found),
      `${atLeast ? "≥" : "≤"} ${limit}${unit}`,
      (atLeast ? found.median >= limit : found.median <= limit) ? "met" : "**not met**",
    ]),
  );
}

function warmTable({ times: t, batch, isolated, threads }: WarmResult): string {
  const both = sums(t["pipeline: text"]!, t["pipeline: photo"]!);
  const rows = [
    [
      "text alone",
      spreadOf(t["product: text"]),
      spreadOf(t["pipeline: text"]),
      quotient(ratios(t["pipeline: text"]!, t["product: text"]!)),
    ],
    ["text + photo", spreadOf(t["product: text + photo"]), spreadOf(both), quotient(pipelineRatio(t))],
    [
      "new text, same photo",
      spreadOf(t["product: same photo"]),
      `${spreadOf(t["pipeline: text"])}, boxes kept by the page`,
      quotient(ratios(t["pipeline: text"]!, t["product: same photo"]!)),
    ],
    [
      "16 tweets, each with its photo",
      spreadOf(batch.product),
      spreadOf(batch.pipeline),
      quotient(ratios(batch.pipeline!, batch.product!)),
    ],
  ];
  return `### Warm, ${where(isolated, threads)}\n\n${table(["ms", "this product", "two models", "times faster"], rows)}\n\nThe detector alone: ${spreadOf(t["pipeline: photo"])} at 8 bits, ${spreadOf(t["pipeline: photo, 32 bits"])} at 32.`;
}

function coldTable(results: readonly ColdResult[]): string {
  const rows = results.flatMap(({ isolated, times: t }) =>
    ["first visit", "second visit"].map((visit) => [
      `${visit}, ${isolated ? "isolated" : "not isolated"}`,
      spreadOf(t[`product: ${visit}`]),
      spreadOf(t[`pipeline: ${visit}`]),
    ]),
  );
  return table(["ms from navigation to first result", "this product", "two models"], rows);
}

function engineTable({ times: t, isolated, threads, disagreement }: WarmResult): string {
  const parts = ["photo trunk", "text with photo", "text alone"];
  const ours = sums(t["tfjs: photo trunk"]!, t["tfjs: text with photo"]!);
  const theirs = sums(t["ort: photo trunk"]!, t["ort: text with photo"]!);
  const rows = [
    ...parts.map((part) => [
      part,
      spreadOf(t[`tfjs: ${part}`]),
      spreadOf(t[`ort: ${part}`]),
      quotient(ratios(t[`tfjs: ${part}`]!, t[`ort: ${part}`]!)),
    ]),
    ["photo and text", spreadOf(ours), spreadOf(theirs), quotient(ratios(ours, theirs))],
  ];
  return `### ${where(isolated, threads)}\n\n${table(["ms", "this engine", "onnxruntime-web", "time of ours by theirs"], rows)}\n\nBoth give the same answers to within ${disagreement.toExponential(0)} of the largest.`;
}

function limitSection(limit: LimitResult): string {
  const best = Math.max(...Object.values(limit.ceiling).map(({ median: middle }) => middle));
  const speed = (gflop: number, ms: number): string => (gflop < 1e-4 || ms <= 0 ? "–" : whole((gflop / ms) * 1000));
  const part = (gflop: number, ms: number): string =>
    gflop < 1e-4 || ms <= 0 ? "–" : `${((100 * gflop * 1000) / ms / best).toFixed(0)} %`;
  const ceilings = Object.entries(limit.ceiling).map(([name, found]) => `${name} ${spread(found)}`);
  const total = {
    stage: "**all**",
    ms: limit.stages.reduce((sum, { ms }) => sum + ms.median, 0),
    kernelMs: limit.stages.reduce((sum, row) => sum + row.kernelMs, 0),
    kernels: limit.stages.reduce((sum, row) => sum + row.kernels, 0),
    gflop: limit.stages.reduce((sum, row) => sum + row.gflop, 0),
    megabytes: limit.stages.reduce((sum, row) => sum + row.megabytes, 0),
  };
  const stages = [...limit.stages.map((row) => ({ ...row, ms: row.ms.median })), total].map((row) => [
    row.stage,
    whole(row.ms),
    whole(row.kernelMs),
    String(row.kernels),
    row.gflop.toFixed(3),
    whole(row.megabytes),
    speed(row.gflop, row.ms),
    part(row.gflop, row.ms),
  ]);
  const kernels = limit.kernels
    .slice(0, 10)
    .map((row) => [
      `\`${row.kernel}\``,
      String(row.calls),
      whole(row.ms),
      row.gflop.toFixed(3),
      whole(row.megabytes),
      speed(row.gflop, row.ms),
      part(row.gflop, row.ms),
    ]);
  return `### ${where(limit.isolated, limit.threads)}

The ceiling, GFLOP/s of a product ${limit.ceilingSize}×${limit.ceilingSize}×${limit.ceilingSize}: ${ceilings.join(" · ")}.

${table(["stage", "ms", "ms in kernels", "kernels", "GFLOP", "MB", "GFLOP/s", "of the ceiling"], stages)}

${table(["kernel", "calls", "ms", "GFLOP", "MB", "GFLOP/s", "of the ceiling"], kernels)}`;
}

export function writeReport(results: Results): void {
  const { device, warm, limit, growth } = results;
  const busy =
    device.loadBefore > 0.5
      ? `\n**Other work was running on the machine** (load ${device.loadBefore} on ${device.cores} cores before the first run): quotients of runs from the same round are worth more than milliseconds here.\n`
      : "";
  const images = Object.entries(charts(growth)).map(([file, { title }]) => `![${title}](images/${file})`);
  const { rows, length } = warm[0]!.shape;
  const text = `# Performance

Written by \`npm run bench\`; every figure comes from [\`bench/results.json\`](../bench/results.json). Times are medians in milliseconds; in brackets,
the middle half of the runs. A quotient is the median of the quotients of runs from the same round.

Measured on ${results.date} (${warm[0]!.times["product: text"]!.length} rounds of warm runs${results.quick ? ", fewer than usual" : ""}): ${device.processor}, ${device.cores} cores, ${device.memory}, ${device.system}; ${device.browser}; onnxruntime-web ${results.ort}.
${busy}
\`\`\`sh
npm run build && npm run bench     # needs Python with bench/models/requirements.txt, for the other side's graphs
npm run budgets                    # part of npm run verify
\`\`\`

${goalTable(results)}

**WebGPU on a real GPU is unmeasured.** All of this is WebAssembly on a processor. A software adapter
is not measured: the engine never chooses one by itself, and it would say nothing about a GPU.

## Against the two models that a page would use today

onnxruntime-web with a token classifier of BERT-base's size and a detector of YOLOS-tiny's, both dynamically quantised to 8 bits, as
transformers.js takes them on wasm. **Their weights here are random**: the graphs have exactly the shapes ([\`bench/models/shapes.py\`](../bench/models/shapes.py)), the
answers mean nothing. The photo goes in with a short side of 512 pixels, the size in YOLOS's own default configuration; 800 would cost it far more.
They get one thread per core where the page is isolated (onnxruntime-web by itself would take half as many), and one where it is not: it has no
other way to a second core. This product takes its second core by a second worker, on both.

Their time is that of the two sessions alone: tokenising and reading and scaling the photo are given to them for nothing. Ours is all from the
call of \`analyze()\` to its result. They answer less: a name has no box.

The tweet has ${warm[0]!.pieces - 2} pieces, so ours runs ${rows} sequences of ${length}.

${warm.map(warmTable).join("\n\n")}

### Cold

From the start of the navigation to the first result, everything from a server on the same machine. The second visit finds the files in the
browser's cache and, for this product, the model on the device.

${coldTable(results.cold)}

## The same network in two engines

Our network exported to ONNX at 32 bits with the shipped weights ([\`bench/models/export.py\`](../bench/models/export.py)), run by onnxruntime-web on the same input. Above 1, ours is
slower. Ours does some of the photo's work (what every query shares) in the trunk, theirs in each run, so only the sum compares the same work.

${warm.map(engineTable).join("\n\n")}

## Against the limit

Multiplications and additions of products, and bytes that each kernel reads and writes once, counted from the shapes of the kernels that really
run ([\`bench/arithmetic/kernel-cost.ts\`](../bench/arithmetic/kernel-cost.ts)); times of stages from runs without the counting. What a stage takes beyond its kernels is the engine around them.

${limit.map(limitSection).join("\n\n")}

${readFileSync(join(ROOT, "bench/gaps.md"), "utf8").trim()}

## Growth

Not cross-origin isolated. The network alone for text and queries; the whole product for photos and tags.

${images.join("\n\n")}
`;
  writeFileSync(join(ROOT, "docs/performance.md"), text);
}
