// The main thread's longest task while analysing, and memory after many runs, both in Chromium.
import type { Site } from "../harness/site.js";
import type { MemoryReport } from "../pages/health.js";
import type { Row } from "./row.js";

const RUNS = 20;
const [FEW, MANY] = [20, 200];

export async function healthRows(site: Site): Promise<Row[]> {
  const busy = await site.open("health", false);
  const { starting, analysing } = await busy.call<{ starting: number[]; analysing: number[] }>("longTasks", RUNS);
  await busy.close();
  // The browser only tells of tasks over 50 ms, so no task told of means that the longest took no longer than that.
  const longest = (tasks: readonly number[]): number => Math.max(50, ...tasks);
  const told = `${RUNS} runs, ${analysing.length} tasks over 50 ms; ${starting.length} while the engine started`;

  const page = await site.open("health", false);
  await page.call("watchMemories");
  const [few, many] = (await page.call<MemoryReport[]>("memoryAfter", [FEW, MANY])) as [MemoryReport, MemoryReport];
  await page.close();
  const growth = (part: "bytes" | "heap"): number => (100 * (many[part] - few[part])) / few[part];
  return [
    { name: "main-thread task while analysing", found: longest(analysing), limit: 50, unit: "ms", note: told },
    {
      name: `tensors after ${MANY} runs beyond those after ${FEW}`,
      found: many.tensors - few.tensors,
      limit: 0,
      unit: "",
      note: `${few.tensors} and ${many.tensors}`,
    },
    {
      name: `bytes of tensors after ${MANY} runs beyond those after ${FEW}`,
      found: growth("bytes"),
      limit: 5,
      unit: "%",
      note: `${(few.bytes / 1e6).toFixed(1)} and ${(many.bytes / 1e6).toFixed(1)} MB`,
    },
    {
      name: `WebAssembly memory after ${MANY} runs beyond that after ${FEW}`,
      found: few.heap > 0 ? growth("heap") : null,
      limit: 5,
      unit: "%",
      note: `${(few.heap / 1e6).toFixed(1)} and ${(many.heap / 1e6).toFixed(1)} MB`,
    },
  ];
}
