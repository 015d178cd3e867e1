// What an answer costs besides time: seconds of all processors together, as a stand-in for energy, and memory.
import { readFileSync } from "node:fs";
import type { BenchPage, Site } from "./site.js";
import { PHOTO, TWEET } from "./work.js";

export interface LoadRow {
  readonly name: string;
  /** Of one run with a photo not seen before. */
  readonly cpuSeconds: number;
  /** Of the page's process, engine loaded and warm; null where the system does not tell. */
  readonly megabytes: number | null;
}

interface Process {
  readonly id: number;
  readonly type: string;
  readonly cpuTime: number;
}

export async function measureLoad(site: Site, runs: number, pieces: number): Promise<LoadRow[]> {
  const session = await site.browser.newBrowserCDPSession();
  const processes = async (): Promise<Process[]> =>
    ((await session.send("SystemInfo.getProcessInfo")) as { processInfo: Process[] }).processInfo;
  const product = (model: string) => ({
    entry: "product" as const,
    start: (page: BenchPage) => page.call("start", { backend: "wasm", model }, PHOTO),
    run: (page: BenchPage) => page.call("run", TWEET, "new"),
  });
  const contenders = {
    "this product": product("/dist/models/mner-qg-mini/"),
    "this product, questions one way": product("/one-way/"),
    "two models": {
      entry: "onnx" as const,
      start: (page: BenchPage) => page.call("load", ["bert-q8", "yolos-q8"], 1),
      run: async (page: BenchPage) => {
        await page.call("classify", 1, pieces);
        await page.call("detect", "yolos-q8");
      },
    },
  };
  const rows: LoadRow[] = [];
  for (const [name, { entry, start, run }] of Object.entries(contenders)) {
    const others = new Set((await processes()).map(({ id }) => id));
    const page = await site.open(entry, false);
    await start(page);
    // The second worker comes with the second question.
    for (let again = 0; again < 3; again++) await run(page);
    const own = (await processes()).find(({ id, type }) => type === "renderer" && !others.has(id));
    const megabytes = own ? residentMegabytes(own.id) : null;
    const spent = async (): Promise<number> => (await processes()).reduce((sum, { cpuTime }) => sum + cpuTime, 0);
    const before = await spent();
    for (let again = 0; again < runs; again++) await run(page);
    rows.push({ name, cpuSeconds: ((await spent()) - before) / runs, megabytes });
    await page.close();
  }
  await session.detach();
  return rows;
}

function residentMegabytes(process: number): number | null {
  try {
    const kilobytes = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${process}/status`, "utf8"));
    return kilobytes ? Number(kilobytes[1]) / 1000 : null;
  } catch {
    return null;
  }
}
