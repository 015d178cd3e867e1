// Analyses tweets on one or more threads. With one job everything runs in this thread; with more, each worker thread has an
// engine of its own, and one that dies takes only its current tweet with it.
import { Worker } from "node:worker_threads";
import { MnerError } from "../../core/mner-error.js";
import type { PhotoInput } from "../../engine/engine.js";
import { readRequest } from "../../engine/make-analyzer.js";
import { threadPort } from "../../engine/node-port.js";
import { NoWorker, RemoteEngine } from "../../engine/remote-engine.js";
import { type AnalysisJob, type AnalyzerChoice, answerJob, failureOf, type JobOutcome } from "./job.js";

export interface AnalysisPool {
  readonly size: number;
  readonly backend: string;
  readonly model: { readonly name: string; readonly version: string };
  /** Never rejects. Jobs wait for a free thread in the order they came. */
  analyse(job: AnalysisJob): Promise<JobOutcome>;
  close(): Promise<void>;
}

export interface PoolOptions {
  readonly choice: AnalyzerChoice;
  readonly jobs: number;
  /** The worker thread's script. */
  readonly worker: URL;
  readonly signal: AbortSignal;
}

/** A machine on which workers die again and again is not going to finish. */
const MOST_DEATHS = 20;

export async function openPool(options: PoolOptions): Promise<AnalysisPool> {
  return options.jobs === 1 ? openSingle(options) : openWorkers(options);
}

async function openSingle({ choice, signal }: PoolOptions): Promise<AnalysisPool> {
  // Loaded when needed: the engine is most of the program, and help, mistakes and worker threads do without it here.
  const { createAnalyzer } = await import("../../engine/node.js");
  const analyzer = await createAnalyzer({ ...choice, signal });
  // One at a time: the engine has a queue, but a photo must not be read before its turn comes.
  let last: Promise<unknown> = Promise.resolve();
  return {
    size: 1,
    backend: analyzer.backend,
    model: analyzer.model,
    analyse(job) {
      const outcome = last.then(() => answerJob(job, (request) => analyzer.analyze(request)));
      last = outcome;
      return outcome;
    },
    close: async () => analyzer.dispose(),
  };
}

async function openWorkers(options: PoolOptions): Promise<AnalysisPool> {
  const threads = await Promise.allSettled(Array.from({ length: options.jobs }, () => startThread(options)));
  const started = threads.flatMap((thread) => (thread.status === "fulfilled" ? [thread.value] : []));
  const failed = threads.find((thread) => thread.status === "rejected");
  if (failed !== undefined) {
    for (const thread of started) thread.dispose();
    throw failed.reason;
  }
  return new WorkerPool(options, started);
}

async function startThread({ choice, worker: script, signal }: PoolOptions): Promise<RemoteEngine> {
  const events = { onProgress: () => {}, onNotice: () => {} };
  const port = threadPort(new Worker(script));
  try {
    // Many threads at once on a busy machine take their time to begin.
    return await RemoteEngine.start({ port, options: choice, script: null, events, signal, aliveMs: null });
  } catch (error) {
    if (!(error instanceof NoWorker)) throw error;
    throw new MnerError("worker-failed", "A worker thread could not be started. Use fewer --jobs.", { cause: error });
  }
}

async function runOn(thread: RemoteEngine, job: AnalysisJob, stop: AbortSignal): Promise<JobOutcome> {
  const outcome = await answerJob(job, async (request) => {
    const asked = await readRequest(request, async (source): Promise<PhotoInput> => ({ kind: "node", source }));
    return thread.analyze(asked, AbortSignal.any([stop, request.signal!]));
  });
  if (outcome.failure?.code !== "worker-failed") return outcome;
  return failureOf(
    new MnerError("worker-failed", "The thread that read this tweet ended. Try it alone, or with fewer --jobs."),
  );
}

class WorkerPool implements AnalysisPool {
  readonly size: number;
  readonly backend: string;
  readonly model: AnalysisPool["model"];
  private readonly options: PoolOptions;
  private readonly all: Set<RemoteEngine>;
  private readonly idle: RemoteEngine[];
  private readonly waiting: { readonly job: AnalysisJob; readonly resolve: (outcome: JobOutcome) => void }[] = [];
  private deaths = 0;

  constructor(options: PoolOptions, threads: readonly RemoteEngine[]) {
    this.options = options;
    this.size = threads.length;
    this.backend = threads[0]!.info.backend;
    this.model = threads[0]!.info.model;
    this.all = new Set(threads);
    this.idle = [...threads];
  }

  analyse(job: AnalysisJob): Promise<JobOutcome> {
    return new Promise((resolve) => {
      this.waiting.push({ job, resolve });
      this.assign();
    });
  }

  async close(): Promise<void> {
    for (const thread of this.all) thread.dispose();
  }

  private assign(): void {
    while (this.waiting.length > 0 && this.idle.length > 0) {
      const { job, resolve } = this.waiting.shift()!;
      void this.serve(this.idle.pop()!, job, resolve);
    }
  }

  private async serve(thread: RemoteEngine, job: AnalysisJob, resolve: (outcome: JobOutcome) => void): Promise<void> {
    resolve(await runOn(thread, job, this.options.signal));
    const next = thread.ended ? await this.replace(thread) : thread;
    if (next !== null) this.idle.push(next);
    else if (this.all.size === 0) this.giveUp();
    this.assign();
  }

  private async replace(dead: RemoteEngine): Promise<RemoteEngine | null> {
    this.all.delete(dead);
    if (this.options.signal.aborted || ++this.deaths > MOST_DEATHS) return null;
    try {
      const thread = await startThread(this.options);
      this.all.add(thread);
      return thread;
    } catch {
      return null;
    }
  }

  /** No thread is left to run what still waits. */
  private giveUp(): void {
    const stopped = this.options.signal.aborted;
    const error = new MnerError(
      stopped ? "aborted" : "worker-failed",
      stopped ? "The run was stopped." : "No worker thread is left.",
    );
    for (const { resolve } of this.waiting.splice(0)) resolve(failureOf(error));
  }
}
