// Analyses tweets on one or more threads. With one job everything runs in this thread; with more, each worker thread has an
// analyzer of its own, and one that dies takes only its current tweet with it.
import { Worker } from "node:worker_threads";
import { MnerError } from "../../core/mner-error.js";
import { type AnalysisJob, type AnalyzerChoice, failureOf, type JobOutcome } from "./job.js";
import type { AnalyzerFacts, JobMessage, WorkerMessage, WorkerSetup } from "./messages.js";

export interface AnalysisPool extends AnalyzerFacts {
  readonly size: number;
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
  const { openAnalyzer, runJob } = await import("./run-job.js");
  const analyzer = await openAnalyzer(choice, signal);
  // One at a time: the engine has a queue, but a photo must not be read before its turn comes.
  let last: Promise<unknown> = Promise.resolve();
  return {
    size: 1,
    backend: analyzer.backend,
    model: analyzer.model,
    analyse(job) {
      const outcome = last.then(() => runJob(analyzer, job));
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
    await Promise.all(started.map((thread) => thread.stop()));
    throw failed.reason;
  }
  return new WorkerPool(options, started);
}

/** A running worker thread. */
interface Thread {
  readonly facts: AnalyzerFacts;
  /** Resolves also when the thread dies, with a failure. */
  run(job: AnalysisJob): Promise<JobOutcome>;
  readonly alive: boolean;
  stop(): Promise<void>;
}

function startThread({ choice, worker: script, signal }: PoolOptions): Promise<Thread> {
  const setup: WorkerSetup = { choice };
  const worker = new Worker(script, { workerData: setup });
  let alive = true;
  let nextId = 0;
  let current: { readonly id: number; readonly resolve: (outcome: JobOutcome) => void } | null = null;
  const finish = (outcome: JobOutcome) => {
    const done = current;
    current = null;
    done?.resolve(outcome);
  };
  return new Promise<Thread>((resolve, reject) => {
    const onAbort = () => void worker.terminate();
    signal.addEventListener("abort", onAbort, { once: true });
    const die = (cause: unknown) => {
      alive = false;
      signal.removeEventListener("abort", onAbort);
      const error = signal.aborted
        ? new MnerError("aborted", "The run was stopped.", { cause })
        : new MnerError("worker-failed", "The thread that read this tweet ended. Try it alone, or with fewer --jobs.", {
            cause,
          });
      finish(failureOf(error));
      reject(error);
    };
    worker.on("error", die);
    worker.on("exit", () => die(null));
    worker.on("message", (message: WorkerMessage) => {
      if (message.kind === "failed") reject(new MnerError(message.failure.code, message.failure.message));
      else if (message.kind === "done") {
        if (message.id === current?.id) finish(message.outcome);
      } else {
        resolve({
          facts: message.facts,
          get alive() {
            return alive;
          },
          run: (job) =>
            new Promise<JobOutcome>((settle) => {
              current = { id: nextId++, resolve: settle };
              const request: JobMessage = { id: current.id, job };
              worker.postMessage(request);
            }),
          stop: async () => void (await worker.terminate()),
        });
      }
    });
  });
}

class WorkerPool implements AnalysisPool {
  readonly size: number;
  readonly backend: string;
  readonly model: AnalyzerFacts["model"];
  private readonly options: PoolOptions;
  private readonly all: Set<Thread>;
  private readonly idle: Thread[];
  private readonly waiting: { readonly job: AnalysisJob; readonly resolve: (outcome: JobOutcome) => void }[] = [];
  private deaths = 0;

  constructor(options: PoolOptions, threads: readonly Thread[]) {
    this.options = options;
    this.size = threads.length;
    this.backend = threads[0]!.facts.backend;
    this.model = threads[0]!.facts.model;
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
    await Promise.all([...this.all].map((thread) => thread.stop()));
  }

  private assign(): void {
    while (this.waiting.length > 0 && this.idle.length > 0) {
      const { job, resolve } = this.waiting.shift()!;
      void this.runOn(this.idle.pop()!, job, resolve);
    }
  }

  private async runOn(thread: Thread, job: AnalysisJob, resolve: (outcome: JobOutcome) => void): Promise<void> {
    resolve(await thread.run(job));
    const next = thread.alive ? thread : await this.replace(thread);
    if (next !== null) this.idle.push(next);
    else if (this.all.size === 0) this.giveUp();
    this.assign();
  }

  private async replace(dead: Thread): Promise<Thread | null> {
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
