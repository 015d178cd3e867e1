// The engine in a worker, seen from the page: starts it, talks to it, ends it when it does not listen, and replaces it.
import { MnerError, throwIfAborted } from "../errors/mner-error.js";
import { transferablesOf } from "../vision/index.js";
import type { Host } from "./host.js";
import type { EngineEvents, EngineInfo, EngineOptions, Job } from "./job.js";
import { type FromWorker, fromPlainError, type ToWorker } from "./protocol.js";
import type { AnalysisResult } from "./results.js";
import { startWorker } from "./start-worker.js";
import { workerAddress } from "./worker-url.js";

/** A worker that has not said a word by then will not. */
const ALIVE_MS = 30_000;
/** After an abort the engine answers at its next pause; one that takes longer is stuck and is replaced. */
const STUCK_MS = 1500;

/** No worker can be had here: the page has to do it itself. */
export class NoWorker extends Error {}

interface Pending {
  resolve(result: AnalysisResult): void;
  reject(error: MnerError): void;
}

/** One life of a worker. */
interface Life {
  readonly worker: Worker;
  readonly pending: Map<number, Pending>;
  ended: boolean;
}

export async function startWorkerHost(
  options: EngineOptions,
  events: EngineEvents,
  signal: AbortSignal,
): Promise<Host> {
  const host = new WorkerHost(options, events);
  await host.start(signal);
  return host;
}

class WorkerHost implements Host {
  info!: EngineInfo;
  private readonly options: EngineOptions;
  private readonly events: EngineEvents;
  private life: Life | null = null;
  private nextId = 0;

  constructor(options: EngineOptions, events: EngineEvents) {
    this.options = options;
    this.events = events;
  }

  start(signal: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      throwIfAborted(signal);
      const worker = startWorker(workerAddress);
      const life: Life = { worker, pending: new Map(), ended: false };
      this.life = life;
      let alive = false;
      const settle = (failure: Error | null): void => {
        clearTimeout(timer);
        signal.removeEventListener("abort", onAbort);
        if (failure === null) resolve();
        else {
          this.end(life, failure instanceof MnerError ? failure : workerFailed(failure));
          reject(failure);
        }
      };
      const onAbort = (): void =>
        settle(new MnerError("aborted", "The request was aborted.", { cause: signal.reason }));
      const timer = setTimeout(() => alive || settle(new NoWorker("The worker does not answer.")), ALIVE_MS);
      signal.addEventListener("abort", onAbort);
      worker.onerror = (event) => {
        event.preventDefault?.();
        const cause = new Error(event.message || "no reason given");
        if (!alive) settle(new NoWorker(cause.message));
        else settle(workerFailed(cause));
        this.end(life, workerFailed(cause));
      };
      worker.onmessageerror = () => this.end(life, workerFailed(new Error("a message could not be read")));
      worker.onmessage = ({ data }: MessageEvent<FromWorker>) => {
        if (data.type === "alive") {
          alive = true;
          worker.postMessage({ type: "start", options: this.options, script: workerAddress } satisfies ToWorker);
        } else if (data.type === "started") {
          this.info = data.info;
          settle(null);
        } else if (data.type === "failed") settle(fromPlainError(data.error));
        else this.hear(life, data);
      };
    });
  }

  async analyze(job: Job, signal: AbortSignal): Promise<AnalysisResult> {
    for (let attempt = 0; ; attempt++) {
      if (this.life === null) await this.start(signal);
      try {
        return await this.ask(this.life!, job, signal);
      } catch (error) {
        throwIfAborted(signal);
        // A worker that died (of memory, mostly) gets a second chance with a fresh one, the job too.
        if (attempt > 0 || !(error instanceof MnerError) || error.code !== "worker-failed") throw error;
        // What was moved to the dead one is gone.
        if (movable(job).length > 0) throw error;
        this.events.onNotice({ code: "worker-failed", message: `${error.message} It was started again.` });
      }
    }
  }

  dispose(): void {
    if (this.life) this.end(this.life, new MnerError("disposed", "The analyser was disposed of. Create a new one."));
  }

  private ask(life: Life, job: Job, signal: AbortSignal): Promise<AnalysisResult> {
    throwIfAborted(signal);
    const id = this.nextId++;
    const post = (message: ToWorker): void => life.worker.postMessage(message);
    return new Promise<AnalysisResult>((resolve, reject) => {
      let stuck: ReturnType<typeof setTimeout> | undefined;
      const onAbort = (): void => {
        post({ type: "abort", id });
        stuck = setTimeout(() => this.end(life, workerFailed(new Error("it did not stop"))), STUCK_MS);
      };
      const leave = (): void => {
        clearTimeout(stuck);
        signal.removeEventListener("abort", onAbort);
      };
      life.pending.set(id, {
        resolve: (result) => {
          leave();
          resolve(result);
        },
        reject: (error) => {
          leave();
          reject(error);
        },
      });
      signal.addEventListener("abort", onAbort);
      try {
        life.worker.postMessage({ type: "analyze", id, job } satisfies ToWorker, movable(job));
      } catch (cause) {
        life.pending.delete(id);
        leave();
        // The only things in a job that may refuse to be copied are the pixels of a photo from elsewhere.
        const message =
          "The photo comes from another site that does not let its pixels be read. Serve it with CORS headers, or from the page's own site.";
        reject(new MnerError("image-cross-origin", message, { cause }));
      }
    });
  }

  private hear(life: Life, message: FromWorker): void {
    if (message.type === "progress") this.events.onProgress(message.progress);
    else if (message.type === "notice") this.events.onNotice(message.notice);
    else if (message.type === "result" || message.type === "error") {
      this.info = message.info;
      const pending = life.pending.get(message.id);
      life.pending.delete(message.id);
      if (message.type === "result") pending?.resolve(message.result);
      else pending?.reject(fromPlainError(message.error));
    }
  }

  private end(life: Life, error: MnerError): void {
    if (life.ended) return;
    life.ended = true;
    if (this.life === life) this.life = null;
    life.worker.terminate();
    for (const { reject } of life.pending.values()) reject(error);
    life.pending.clear();
  }
}

function workerFailed(cause: Error): MnerError {
  return new MnerError("worker-failed", `The engine's worker stopped (${cause.message}). Analyse again.`, { cause });
}

function movable({ photo }: Job): Transferable[] {
  return photo === null || photo.kind === "node" ? [] : transferablesOf(photo);
}
