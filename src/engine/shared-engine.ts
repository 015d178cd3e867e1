// One engine per model address, backend and place to run, for however many tags and callers want it: one download, one
// queue, one copy of the weights. It goes when the last of them has let go.
import { MnerError, throwIfAborted } from "../errors/mner-error.js";
import type { Progress } from "./analyzer.js";
import type { Host, StartHost } from "./host.js";
import type { EngineOptions, Job } from "./job.js";
import { JobQueue } from "./queue.js";
import type { AnalysisResult, Notice } from "./results.js";

export interface Listener {
  onProgress(progress: Progress): void;
  onNotice(notice: Notice): void;
}

export interface Engine {
  readonly host: Host;
  readonly queue: JobQueue<Job, AnalysisResult>;
}

interface Shared {
  readonly starting: Promise<Engine>;
  readonly controller: AbortController;
  readonly listeners: Set<Listener>;
  last: Progress | null;
  holders: number;
}

export interface Lease {
  readonly engine: Engine;
  /** Gives the engine back; only the first call counts. */
  release(): void;
}

const engines = new Map<string, Shared>();

/** Joins the engine of this key, or starts it. A signal that fires lets go of it; others go on. */
export async function acquireEngine(
  key: string,
  options: EngineOptions,
  startHost: StartHost,
  listener: Listener,
  signal: AbortSignal | undefined,
): Promise<Lease> {
  throwIfAborted(signal);
  const shared = engines.get(key) ?? begin(key, options, startHost);
  shared.holders++;
  shared.listeners.add(listener);
  if (shared.last) listener.onProgress(shared.last);
  let released = false;
  const release = (): void => {
    if (released) return;
    released = true;
    shared.listeners.delete(listener);
    if (--shared.holders > 0) return;
    if (engines.get(key) === shared) engines.delete(key);
    shared.controller.abort();
    shared.starting.then(
      ({ host }) => host.dispose(),
      () => {},
    );
  };
  try {
    return { engine: await orAborted(shared.starting, signal), release };
  } catch (error) {
    release();
    throw error;
  }
}

function begin(key: string, options: EngineOptions, startHost: StartHost): Shared {
  const controller = new AbortController();
  const listeners = new Set<Listener>();
  const events = {
    onProgress: (progress: Progress): void => {
      // A worker that is started again begins at zero; what has been shown does not go back.
      if (shared.last && progress.fraction < shared.last.fraction) return;
      shared.last = progress;
      for (const listener of listeners) listener.onProgress(progress);
    },
    onNotice: (notice: Notice): void => {
      for (const listener of listeners) listener.onNotice(notice);
    },
  };
  const start = async (): Promise<Engine> => {
    const host = await startHost(options, events, controller.signal);
    return { host, queue: new JobQueue<Job, AnalysisResult>((job, signal) => host.analyze(job, signal)) };
  };
  // One turn later, so that even a start that reports at once finds everything in place.
  const starting = Promise.resolve().then(start);
  const shared: Shared = { starting, controller, listeners, last: null, holders: 0 };
  engines.set(key, shared);
  // What could not be started is not shared: the next one tries anew.
  starting.catch(() => {
    if (engines.get(key) === shared) engines.delete(key);
  });
  return shared;
}

function orAborted<T>(promise: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (!signal) return promise;
  return new Promise((resolve, reject) => {
    const onAbort = (): void => reject(new MnerError("aborted", "The request was aborted.", { cause: signal.reason }));
    signal.addEventListener("abort", onAbort);
    promise.then(resolve, reject).finally(() => signal.removeEventListener("abort", onAbort));
  });
}
