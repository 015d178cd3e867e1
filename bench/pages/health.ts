// In Chromium: what running costs a page besides time. The main thread's long tasks while the product works in its worker,
// and the memory of tensors after many runs in the page itself, where it can be counted.
import { memory } from "@tensorflow/tfjs-core";
import { type Analyzer, type AnalyzerOptions, createAnalyzer } from "../../src/engine/create-analyzer.js";

const PHOTOS = ["astronaut", "chelsea", "china", "coffee", "flower"].map((name) => `/examples/${name}.jpg`);
const TEXTS = [
  "Off to Paris with Anna",
  "Eileen Collins, first woman to command a Space Shuttle, joined @NASA in 1990.",
  "The Summer Palace in Beijing was full of tourists today, we met Tim Cook of Apple and half of Manchester United there!",
];

const wait = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

/** Lengths of all tasks over 50 ms on the main thread, in two parts: while the engine starts and while it analyses. */
export async function longTasks(runs: number): Promise<{ starting: number[]; analysing: number[] }> {
  const tasks: { at: number; ms: number }[] = [];
  const observer = new PerformanceObserver((list) => {
    for (const { startTime, duration } of list.getEntries()) tasks.push({ at: startTime, ms: duration });
  });
  observer.observe({ type: "longtask" });
  const script = "/dist/index.js";
  const built = (await import(/* @vite-ignore */ script)) as typeof import("../../src/engine/create-analyzer.js");
  const analyzer = await built.createAnalyzer({ backend: "wasm" });
  const ready = performance.now();
  for (let run = 0; run < runs; run++) await analyseOne(analyzer, run);
  // The observer hears of a task some time after its end.
  await wait(300);
  analyzer.dispose();
  observer.disconnect();
  const of = (analysing: boolean): number[] => tasks.filter(({ at }) => at >= ready === analysing).map(({ ms }) => ms);
  return { starting: of(false), analysing: of(true) };
}

const analyseOne = (analyzer: Analyzer, run: number) =>
  analyzer.analyze({
    text: `${TEXTS[run % TEXTS.length]} ${"again ".repeat(run % 7)}`,
    image: run % 4 === 3 ? null : PHOTOS[run % PHOTOS.length]!,
  });

export interface MemoryReport {
  readonly after: number;
  readonly tensors: number;
  readonly bytes: number;
  /** The backend's own memory, which only ever grows. */
  readonly heap: number;
}

/** Tensors, their bytes, and the page's memory after so many runs. */
export async function memoryAfter(counts: readonly number[]): Promise<MemoryReport[]> {
  const options: AnalyzerOptions = { backend: "wasm", run: "page", model: "/dist/models/mner-qg-mini/" };
  const analyzer = await createAnalyzer(options);
  const reports: MemoryReport[] = [];
  for (let run = 1; run <= Math.max(...counts); run++) {
    await analyseOne(analyzer, run);
    if (!counts.includes(run)) continue;
    const { numTensors, numBytes } = memory();
    reports.push({ after: run, tensors: numTensors, bytes: numBytes, heap: wasmBytes() });
  }
  analyzer.dispose();
  return reports;
}

const memories = new Set<WebAssembly.Memory>();

/** Every WebAssembly memory of the page, found as instances are made: nothing else hands out the backend's. */
export function watchMemories(): void {
  const original = WebAssembly.instantiate;
  WebAssembly.instantiate = (async (source: WebAssembly.Module | BufferSource, imports?: WebAssembly.Imports) => {
    const made = await original(source as WebAssembly.Module, imports);
    const instance =
      made instanceof WebAssembly.Instance ? made : (made as { instance: WebAssembly.Instance }).instance;
    const all = [...Object.values(instance.exports), ...Object.values(imports?.env ?? {})];
    for (const item of all) if (item instanceof WebAssembly.Memory) memories.add(item);
    return made;
  }) as typeof WebAssembly.instantiate;
}

const wasmBytes = (): number => [...memories].reduce((sum, { buffer }) => sum + buffer.byteLength, 0);
