// The worker's side of the protocol: starts the engine on request, and hears aborts between the engine's steps.
import { browserSurroundings } from "./browser-surroundings.js";
import { type EngineCore, startEngine } from "./engine-core.js";
import { type FromWorker, isToWorker, type ToWorker, toPlainError } from "./protocol.js";

const scope = self as unknown as DedicatedWorkerGlobalScope;
const post = (message: FromWorker): void => scope.postMessage(message);
const running = new Map<number, AbortController>();
let core: EngineCore | null = null;
let begun = false;

scope.onmessage = ({ data }: MessageEvent<unknown>) => {
  if (!isToWorker(data)) return;
  if (data.type === "start") {
    if (begun) return;
    begun = true;
    void start(data.options);
  } else if (core === null) return;
  else if (data.type === "analyze") void analyze(core, data.id, data.job);
  else running.get(data.id)?.abort();
};
post({ type: "alive" });

async function start(options: (ToWorker & { type: "start" })["options"]): Promise<void> {
  try {
    const events = {
      onProgress: (progress: (FromWorker & { type: "progress" })["progress"]) => post({ type: "progress", progress }),
      onNotice: (notice: (FromWorker & { type: "notice" })["notice"]) => post({ type: "notice", notice }),
    };
    // Whoever gives up on a start ends the whole worker, so nothing has to be aborted here.
    core = await startEngine(options, browserSurroundings(), events, new AbortController().signal);
    post({ type: "started", info: core.info });
  } catch (error) {
    post({ type: "failed", error: toPlainError(error) });
  }
}

async function analyze(engine: EngineCore, id: number, job: (ToWorker & { type: "analyze" })["job"]): Promise<void> {
  const controller = new AbortController();
  running.set(id, controller);
  try {
    const result = await engine.analyze(job, controller.signal);
    post({ type: "result", id, result, info: engine.info });
  } catch (error) {
    post({ type: "error", id, error: toPlainError(error), info: engine.info });
  } finally {
    running.delete(id);
  }
}
