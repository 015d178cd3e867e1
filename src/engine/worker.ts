// The worker's side of the protocol: starts the engine on request, and hears aborts between the engine's steps.
import { browserSurroundings } from "./browser-surroundings.js";
import { type EngineCore, startEngine } from "./engine-core.js";
import { type FromWorker, type ToWorker, toPlainError } from "./protocol.js";

const scope = self as unknown as DedicatedWorkerGlobalScope;
const post = (message: FromWorker): void => scope.postMessage(message);
const running = new Map<number, AbortController>();
let core: EngineCore | null = null;

scope.onmessage = ({ data }: MessageEvent<ToWorker>) => {
  if (data.type === "start") void start(data.options);
  else if (data.type === "analyze") void analyze(data.id, data.job);
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

async function analyze(id: number, job: (ToWorker & { type: "analyze" })["job"]): Promise<void> {
  const controller = new AbortController();
  running.set(id, controller);
  const engine = core!;
  try {
    const result = await engine.analyze(job, controller.signal);
    post({ type: "result", id, result, info: engine.info });
  } catch (error) {
    post({ type: "error", id, error: toPlainError(error), info: engine.info });
  } finally {
    running.delete(id);
  }
}
