// Writes docs/performance.md from what was measured. No figure in it is typed by hand.
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { median, ratios, type Summary, summarise } from "../arithmetic/statistics.js";
import type { ColdResult } from "./cold.js";
import type { LimitResult } from "./limit.js";
import { furtherQuestion, WAYS } from "./one-way.js";
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

/** What is asked for, on a page that is not isolated and on one that is. */
interface Figure {
  readonly name: string;
  readonly found: (warm: WarmResult, cold: ColdResult) => Summary;
  readonly limits: readonly [number, number];
  readonly atLeast: boolean;
}

const both = (t: WarmResult["times"], engine: string): number[] =>
  sums(t[`${engine}: photo trunk`]!, t[`${engine}: text with photo`]!);

const FIGURES: readonly Figure[] = [
  {
    name: "text + photo, times faster than two models",
    found: ({ times }) => pipelineRatio(times),
    limits: [11, 8],
    atLeast: true,
  },
  {
    name: "text alone, times faster",
    found: ({ times: t }) => ratios(t["pipeline: text"]!, t["product: text"]!),
    limits: [3, 2],
    atLeast: true,
  },
  {
    name: "new text, photo seen before, times faster",
    found: ({ times: t }) => ratios(t["pipeline: text"]!, t["product: same photo"]!),
    limits: [1.5, 1.2],
    atLeast: true,
  },
  {
    name: "own network, time of onnxruntime-web's",
    found: ({ times: t }) => ratios(both(t, "tfjs"), both(t, "ort")),
    limits: [0.6, 0.9],
    atLeast: false,
  },
  {
    name: "photo trunk alone, time of onnxruntime-web's",
    found: ({ times: t }) => ratios(t["tfjs: photo trunk"]!, t["ort: photo trunk"]!),
    limits: [1, 1.2],
    atLeast: false,
  },
  {
    name: "second visit, time of three warm runs and 1.5 s",
    found: ({ times: t }, cold) => {
      const allowed = 3 * median(t["product: text + photo"]!) + 1500;
      return summarise(cold.times["product: second visit"]!.map((ms) => ms / allowed));
    },
    limits: [1, 1],
    atLeast: false,
  },
];

function goalTable({ warm, cold }: Results): string {
  const rows = FIGURES.map(({ name, found, limits, atLeast }) => [
    name,
    ...warm.flatMap((result, at) => {
      const summary = found(result, cold[at]!);
      const limit = limits[result.isolated ? 1 : 0];
      const met = atLeast ? summary.median >= limit : summary.median <= limit;
      return [quotient(summary), `${atLeast ? "≥" : "≤"} ${limit}${met ? "" : ", **not met**"}`];
    }),
  ]);
  return table(["", ...warm.flatMap(({ isolated, threads }) => [where(isolated, threads), "asked"])], rows);
}

function warmTable({ times: t, batch, isolated, threads }: WarmResult): string {
  const models = sums(t["pipeline: text"]!, t["pipeline: photo"]!);
  const rows = [
    [
      "text alone",
      spreadOf(t["product: text"]),
      spreadOf(t["pipeline: text"]),
      quotient(ratios(t["pipeline: text"]!, t["product: text"]!)),
    ],
    ["text + photo", spreadOf(t["product: text + photo"]), spreadOf(models), quotient(pipelineRatio(t))],
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
  const [ours, theirs] = [both(t, "tfjs"), both(t, "ort")];
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

function oneWaySection({ oneWay, warm }: Results): string {
  const head = ["ms", "together", "one way", "times faster"];
  const works = ["text alone", "text + new photo", "text + known photo"];
  const parts = oneWay.map(({ isolated, threads, times: t }, at) => {
    const rows = works.map((work) => {
      const [joint, apart] = [t[`together: ${work}`]!, t[`one way: ${work}`]!];
      return [work, spreadOf(joint), spreadOf(apart), quotient(ratios(joint, apart))];
    });
    const further = ["text alone", "text + new photo"].map((work) => {
      const percent = WAYS.map((way) => `${whole(furtherQuestion(t, way, work).median)} %`);
      return [`a fifth question, ${work}`, ...percent, "–"];
    });
    const p = warm[at]!.times;
    const against = [
      ["text alone", p["pipeline: text"]!, "text"],
      ["text + photo", sums(p["pipeline: text"]!, p["pipeline: photo"]!), "text + photo"],
      ["new text, same photo", p["pipeline: text"]!, "same photo"],
    ] as const;
    const products = against.map(([name, theirs, own]) => {
      const [shipped, apart] = [p[`product: ${own}`]!, p[`one way: ${own}`]!];
      return [name, spreadOf(shipped), spreadOf(apart), quotient(ratios(theirs, apart))];
    });
    return `### ${where(isolated, threads)}\n\n${table(head, [...rows, ...further])}\n\n${table(["ms, whole product", "shipped", "one way", "times faster than two models"], products)}`;
  });
  return parts.join("\n\n");
}

function loadTable({ load }: Results): string {
  const rows = load.map(({ name, cpuSeconds, megabytes }) => [
    name,
    cpuSeconds.toFixed(2),
    megabytes === null ? "–" : whole(megabytes),
  ]);
  return table(["text + new photo", "processor seconds a run", "MB of the page's process"], rows);
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

${goalTable(results)}

Written by \`npm run bench\` from [\`bench/results.json\`](../bench/results.json) on ${results.date}: ${device.processor}, ${device.cores} cores, ${device.memory}, ${device.system};
${device.browser}; onnxruntime-web ${results.ort}. Medians of ${warm[0]!.times["product: text"]!.length} rounds${results.quick ? ", fewer than usual" : ""}, in brackets the middle half; a quotient is the median of the quotients of
runs from the same round. **No real GPU was at hand**: all of this is WebAssembly. On WebGPU a run of the shipped model is at most 400 dispatches
with a photo and 60 without, which \`test/engine/dispatches.test.ts\` asserts.
${busy}
\`\`\`sh
npm run build && npm run bench     # needs Python with bench/models/requirements.txt, for the other side's graphs
npm run budgets                    # part of npm run verify
node bench/products.mjs FILE       # the same names in floats and in sixteen bits?
\`\`\`

## Against the two models that a page would use today

onnxruntime-web with a token classifier of BERT-base's size and a detector of YOLOS-tiny's (short side 512), both dynamically quantised to 8 bits, as
transformers.js takes them. **Their weights here are random** ([\`bench/models/shapes.py\`](../bench/models/shapes.py)). Their time is that of the two sessions alone, ours all from
the call of \`analyze()\` to its result; they answer less: a name has no box. They get one thread per core where the page is isolated, one
where it is not; this product takes its second core by a second worker on both. The tweet has ${warm[0]!.pieces - 2} pieces: ${rows} sequences of ${length}.

${warm.map(warmTable).join("\n\n")}

### Cold

From the start of the navigation to the first result, everything from a server on the same machine. A second visit finds the files in the
browser's cache and, for this product, the model on the device.

${coldTable(results.cold)}

## The same network in two engines

The shipped weights as ONNX at 32 bits ([\`bench/models/export.py\`](../bench/models/export.py)) on the same input. Above 1, ours is slower. Ours does some of the photo's work in
the trunk, theirs in each run, so only the sum compares the same work.

${warm.map(engineTable).join("\n\n")}

## Against the limit

Products and bytes counted from the shapes of the kernels that really run ([\`bench/arithmetic/kernel-cost.ts\`](../bench/arithmetic/kernel-cost.ts)).

${limit.map(limitSection).join("\n\n")}

${readFileSync(join(ROOT, "bench/gaps.md"), "utf8").trim()}

## Questions read one way

The same weights with [\`oneWay\`](decisions/one-way.md): ${results.oneWay[0]!.sharedLayers} of the layers read a sentence without its questions. Times do not depend on whether
weights have learnt to be read so. A fifth question is one of the reader's own, which was asked before of another text.

${oneWaySection(results)}

## Processors and memory

Seconds of all of the browser's processes, as a stand-in for energy; memory is what the system counts for the page's process. Not isolated.

${loadTable(results)}

## Growth

Not cross-origin isolated. The network alone for text and queries; the whole product for photos and tags.

${images.join("\n\n")}
`;
  writeFileSync(join(ROOT, "docs/performance.md"), text);
}
