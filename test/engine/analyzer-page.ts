// In Chromium: what the tests of the engine call. Results are plain data, so they can leave the page.
import { engine, getKernel, memory, registerKernel, unregisterKernel } from "@tensorflow/tfjs-core";
import {
  type AnalysisResult,
  type Analyzer,
  type AnalyzerOptions,
  createAnalyzer,
} from "../../src/engine/create-analyzer.js";

export { createAnalyzer };

export interface Outcome<T> {
  readonly value: T | null;
  readonly code: string | null;
  readonly message: string | null;
  readonly ms: number;
}

/** What a promise came to, as plain data. */
export async function outcomeOf<T>(promise: Promise<T>): Promise<Outcome<T>> {
  const begun = performance.now();
  try {
    return { value: await promise, code: null, message: null, ms: performance.now() - begun };
  } catch (error) {
    const { code, message } = error as { code?: string; message: string };
    return { value: null, code: code ?? "none", message, ms: performance.now() - begun };
  }
}

/** A photo of coloured shapes as a PNG. */
export async function makePhoto(width: number, height: number, seed = 1): Promise<Blob> {
  const canvas = new OffscreenCanvas(width, height);
  const context = canvas.getContext("2d")!;
  for (let shape = 0; shape < 12; shape++) {
    context.fillStyle = `hsl(${(shape * 67 * seed) % 360} 80% ${20 + shape * 5}%)`;
    context.fillRect(((shape * 31 * seed) % width) - 10, (shape * 47) % height, width / 3, height / 4);
  }
  return canvas.convertToBlob({ type: "image/png" });
}

/** Aborts an analysis so many milliseconds after it began, and asks something else right away. */
export async function abortAfter(
  options: AnalyzerOptions,
  request: { text: string; photo?: [width: number, height: number] },
  delays: readonly number[],
): Promise<{ delay: number; code: string | null; ms: number; next: string | null; nextMs: number }[]> {
  const analyzer = await createAnalyzer(options);
  const report: { delay: number; code: string | null; ms: number; next: string | null; nextMs: number }[] = [];
  for (const [index, delay] of delays.entries()) {
    const controller = new AbortController();
    const image = request.photo ? await makePhoto(...request.photo, index + 1) : null;
    const running = outcomeOf(analyzer.analyze({ text: request.text, image, signal: controller.signal }));
    await new Promise((resolve) => setTimeout(resolve, delay));
    const aborted = performance.now();
    controller.abort();
    const { code } = await running;
    const ms = performance.now() - aborted;
    const next = await outcomeOf(analyzer.analyze({ text: "John" }));
    report.push({ delay, code, ms, next: next.code, nextMs: next.ms });
  }
  analyzer.dispose();
  return report;
}

/** The longest task of the main thread while an analyser is made and used, by the Long Tasks API (50 ms and more). */
export async function longTasks(options: AnalyzerOptions, requests: readonly string[]): Promise<number[]> {
  const photo = await makePhoto(800, 600);
  const tasks: number[] = [];
  const observer = new PerformanceObserver((list) => {
    for (const { duration } of list.getEntries()) tasks.push(duration);
  });
  await new Promise((resolve) => setTimeout(resolve, 300));
  observer.observe({ type: "longtask" });
  const analyzer = await createAnalyzer(options);
  for (const request of requests) await analyzer.analyze({ text: request, image: photo });
  analyzer.dispose();
  await new Promise((resolve) => setTimeout(resolve, 300));
  observer.disconnect();
  return tasks;
}

export interface SessionReport {
  readonly results: readonly AnalysisResult[];
  readonly backend: string;
  readonly notices: readonly { code: string; message: string }[];
  readonly progress: readonly number[];
}

/** One analyser, several requests one after the other. */
export async function session(
  options: AnalyzerOptions,
  requests: readonly { text: string; photo?: [width: number, height: number, seed?: number]; nested?: boolean }[],
): Promise<SessionReport> {
  const notices: { code: string; message: string }[] = [];
  const progress: number[] = [];
  const analyzer = await createAnalyzer({
    ...options,
    onNotice: (notice) => notices.push(notice),
    onProgress: ({ fraction }) => progress.push(fraction),
  });
  const results: AnalysisResult[] = [];
  for (const { text, photo, nested } of requests) {
    results.push(await analyzer.analyze({ text, nested, image: photo ? await makePhoto(...photo) : null }));
  }
  const { backend: name } = analyzer;
  analyzer.dispose();
  return { results, backend: name, notices, progress };
}

/** Runs many times and reports tensors and bytes on the way; the engine must run in the page to be seen. */
export async function memoryOver(runs: number, options: AnalyzerOptions, photos: number): Promise<[number, number][]> {
  const analyzer = await createAnalyzer({ ...options, run: "page" });
  const images = await Promise.all(Array.from({ length: photos }, (_, index) => makePhoto(90, 60, index + 1)));
  const seen: [number, number][] = [];
  for (let run = 0; run < runs; run++) {
    await analyzer.analyze({
      text: `John in Paris ${"and more ".repeat(run % 5)}`,
      image: images[run % photos] ?? null,
    });
    const { numTensors, numBytes } = memory();
    seen.push([numTensors, numBytes]);
  }
  analyzer.dispose();
  return seen;
}

/** Asks one system after the other, each time with an engine of its own in the page, and counts tensors behind each. */
export async function switchSystems(models: readonly string[], switches: number): Promise<number[]> {
  const image = await makePhoto(90, 60);
  const left: number[] = [];
  for (let at = 0; at < switches; at++) {
    const analyzer = await createAnalyzer({ model: models[at % models.length], backend: "wasm", run: "page" });
    await analyzer.analyze({ text: "John in Paris", image: at % 3 ? image : null });
    analyzer.dispose();
    left.push(memory().numTensors);
  }
  return left;
}

/** Breaks a kernel of a backend as soon as it is registered: it gives what its first input holds. */
export function breakAfterRegistration(kernelName: string, backendName: string): void {
  const timer = setInterval(() => {
    if (!getKernel(kernelName, backendName)) return;
    clearInterval(timer);
    unregisterKernel(kernelName, backendName);
    registerKernel({
      kernelName,
      backendName,
      kernelFunc: ({ inputs, backend: on }) => {
        const first = Object.values(inputs)[0] as { dataId: object; shape: number[]; dtype: "float32" };
        (on as { incRef(dataId: object): void }).incRef(first.dataId);
        return first;
      },
    });
  }, 0);
}

/** Analyses, and takes the GPU away as often as wanted while that goes on. */
export async function loseDevice(
  options: AnalyzerOptions,
  text: string,
  photo: [number, number],
  times: number,
): Promise<{
  before: AnalysisResult;
  during: AnalysisResult;
  after: AnalysisResult;
  notices: readonly string[];
  tensors: [number, number];
}> {
  const notices: string[] = [];
  const analyzer: Analyzer = await createAnalyzer({
    ...options,
    run: "page",
    onNotice: ({ code }) => notices.push(code),
  });
  const image = await makePhoto(...photo);
  const before = await analyzer.analyze({ text, image });
  const tensors = memory().numTensors;
  let taken: unknown = null;
  let left = times;
  // A device is taken away once it has begun to compute: when the run's own tensors are there.
  const timer = setInterval(() => {
    const current = engine().registry[options.backend!] as
      | { device?: GPUDevice; gpgpu?: { gl: WebGL2RenderingContext } }
      | undefined;
    if (!current || current === taken || memory().numTensors <= tensors + 1) return;
    taken = current;
    current.device?.destroy();
    current.gpgpu?.gl.getExtension("WEBGL_lose_context")?.loseContext();
    if (--left === 0) clearInterval(timer);
  }, 1);
  const during = await analyzer.analyze({ text, image });
  clearInterval(timer);
  const after = await analyzer.analyze({ text, image });
  const report = { before, during, after, notices, tensors: [tensors, memory().numTensors] as [number, number] };
  analyzer.dispose();
  return report;
}
