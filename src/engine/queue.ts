// Who is served when: higher priority first, one at a time, and nobody's failure is another's.
import { abortError, throwIfAborted } from "../core/abort.js";
import { MnerError } from "../core/mner-error.js";

export interface Request<Job> {
  readonly job: Job;
  readonly priority: number;
  readonly signal?: AbortSignal | undefined;
  /** Milliseconds that the job may take once it has begun. */
  readonly timeout?: number | undefined;
}

export interface Served<Result> {
  readonly result: Result;
  /** Milliseconds spent waiting. */
  readonly queued: number;
}

/** Does one job; after its signal has fired it may take a moment to end, in which nothing else is begun. */
export type Serve<Job, Result> = (job: Job, signal: AbortSignal) => Promise<Result>;

interface Entry<Job, Result> extends Request<Job> {
  readonly added: number;
  readonly controller: AbortController;
  settle(outcome: Promise<Served<Result>>): void;
}

export class JobQueue<Job, Result> {
  private readonly serve: Serve<Job, Result>;
  private readonly waiting: Entry<Job, Result>[] = [];
  private running: Entry<Job, Result> | null = null;

  constructor(serve: Serve<Job, Result>) {
    this.serve = serve;
  }

  /** The promise settles as soon as the request is aborted, whatever the thread is still doing. */
  add(request: Request<Job>): Promise<Served<Result>> {
    try {
      throwIfAborted(request.signal);
    } catch (error) {
      return Promise.reject(error);
    }
    return new Promise((resolve, reject) => {
      const onAbort = (): void => this.cancel(entry, abortError(request.signal!));
      const entry: Entry<Job, Result> = {
        ...request,
        added: performance.now(),
        controller: new AbortController(),
        // The first outcome to settle counts: that of the work, or that it was cancelled.
        settle: (outcome) => {
          outcome.then(resolve, reject).finally(() => request.signal?.removeEventListener("abort", onAbort));
        },
      };
      request.signal?.addEventListener("abort", onAbort);
      this.waiting.push(entry);
      // One turn later, so that requests made together are served by priority, not by which came first.
      queueMicrotask(() => this.next());
    });
  }

  /** Rejects a request at once; the one that is being served is told to stop. */
  private cancel(entry: Entry<Job, Result>, error: MnerError): void {
    const at = this.waiting.indexOf(entry);
    if (at >= 0) this.waiting.splice(at, 1);
    entry.settle(Promise.reject(error));
    entry.controller.abort(error);
  }

  private next(): void {
    if (this.running !== null || this.waiting.length === 0) return;
    let best = 0;
    this.waiting.forEach(({ priority }, index) => {
      if (priority > this.waiting[best]!.priority) best = index;
    });
    const entry = this.waiting.splice(best, 1)[0]!;
    this.running = entry;
    const queued = performance.now() - entry.added;
    const result = this.begin(entry);
    entry.settle(result.then((value) => ({ result: value, queued })));
    const { timeout } = entry;
    const timer = timeout && setTimeout(() => this.cancel(entry, tooSlow(timeout)), timeout);
    const done = (): void => {
      clearTimeout(timer);
      this.running = null;
      this.next();
    };
    result.then(done, done);
  }

  /** Also what throws at once must only reject. */
  private async begin({ job, controller }: Entry<Job, Result>): Promise<Result> {
    return this.serve(job, controller.signal);
  }
}

function tooSlow(milliseconds: number): MnerError {
  const why = `The text took more than ${milliseconds / 1000} seconds. Shorten it, or allow more with timeout.`;
  return new MnerError("too-slow", why);
}
