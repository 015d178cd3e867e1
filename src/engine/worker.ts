// The worker's side of the protocol: starts the engine on request, and hears aborts between the engine's steps.
import type { FeatureData } from "../network/index.js";
import { browserSurroundings } from "./browser-surroundings.js";
import { type EngineCore, startEngine } from "./engine-core.js";
import { type FromWorker, isToWorker, type ToWorker, toPlainError } from "./protocol.js";

type Message<Type extends ToWorker["type"]> = ToWorker & { readonly type: Type };
type Answer<Type extends FromWorker["type"]> = FromWorker & { readonly type: Type };

const scope = self as unknown as DedicatedWorkerGlobalScope;
const post = (message: FromWorker): void => scope.postMessage(message);
const running = new Map<number, AbortController>();
const photos = new Map<number, (features: FeatureData) => void>();
let core: EngineCore | null = null;
let begun = false;

scope.onmessage = ({ data }: MessageEvent<unknown>) => {
  if (!isToWorker(data)) return;
  if (data.type === "start" || data.type === "thread") {
    if (begun) return;
    begun = true;
    void (data.type === "start" ? start(data) : help(data));
  } else if (core === null) return;
  else if (data.type === "analyze") void analyze(core, data);
  else if (data.type === "run-rows") void runRows(core, data);
  else if (data.type === "photo") photos.get(data.id)?.(data.features);
  else running.get(data.id)?.abort();
};
post({ type: "alive" });

async function start({ options, script }: Message<"start">): Promise<void> {
  try {
    const events = {
      onProgress: (progress: Answer<"progress">["progress"]) => post({ type: "progress", progress }),
      onNotice: (notice: Answer<"notice">["notice"]) => post({ type: "notice", notice }),
    };
    const usual = browserSurroundings(script);
    const surroundings = {
      ...usual,
      wasm: { ...usual.wasm, products: options.products },
      helperScript: mayHaveHelper() ? script : null,
    };
    // Whoever gives up on a start ends the whole worker, so nothing has to be aborted here.
    core = await startEngine(options, surroundings, events, new AbortController().signal);
    post({ type: "started", info: core.info });
  } catch (error) {
    post({ type: "failed", error: toPlainError(error) });
  }
}

/** From then on it hears nothing more. */
async function help(thread: Message<"thread">): Promise<void> {
  const { beThread, READY } = await import("./backends/fused/pool.js");
  await beThread(thread, () => scope.postMessage(READY));
}

/** A second core, and memory for a second copy of the weights; browsers that do not say how much there is get the benefit. */
function mayHaveHelper(): boolean {
  const { hardwareConcurrency = 1, deviceMemory = 8 } = navigator as Navigator & { readonly deviceMemory?: number };
  return typeof Worker === "function" && hardwareConcurrency > 1 && deviceMemory >= 4;
}

function analyze(engine: EngineCore, { id, job }: Message<"analyze">): Promise<void> {
  return answer(engine, id, async (signal) => {
    const result = await engine.analyze(job, signal);
    return { type: "result", id, result, info: engine.info };
  });
}

function runRows(engine: EngineCore, { id, rows, withPhoto }: Message<"run-rows">): Promise<void> {
  return answer(engine, id, async (signal) => {
    const photo = withPhoto ? photoOf(id, signal) : null;
    return { type: "rows", id, output: await engine.runRows(rows, photo, signal) };
  });
}

async function answer(
  engine: EngineCore,
  id: number,
  work: (signal: AbortSignal) => Promise<FromWorker>,
): Promise<void> {
  const controller = new AbortController();
  running.set(id, controller);
  try {
    post(await work(controller.signal));
  } catch (error) {
    post({ type: "error", id, error: toPlainError(error), info: engine.info });
  } finally {
    running.delete(id);
    photos.delete(id);
  }
}

/** The features of a photo, once they are sent. */
function photoOf(id: number, signal: AbortSignal): Promise<FeatureData> {
  return new Promise((resolve, reject) => {
    photos.set(id, resolve);
    signal.addEventListener("abort", () => reject(signal.reason));
  });
}
