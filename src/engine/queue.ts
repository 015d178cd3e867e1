// Who is served when: higher priority first, the newest request of a client instead of its older ones, one at a time, and
// nobody's failure is another's.
import { MnerError, throwIfAborted } from "../errors/mner-error.js";

export interface Request<Job> {
  readonly job: Job;
  /** Requests of one client replace each other; null for one that stands alone. */
  readonly client: string | null;
  readonly priority: number;
  readonly signal?: AbortSignal | undefined;
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

  /** The promise settles as soon as the request is aborted or replaced, whatever the thread is still doing. */
  add(request: Request<Job>): Promise<Served<Result>> {
    try {
      throwIfAborted(request.signal);
    } catch (error) {
      return Promise.reject(error);
    }
    if (request.client !== null) {
      this.cancel(
        ({ client }) => client === request.client,
        () => new MnerError("aborted", "A newer request of the same client has replaced this one."),
      );
    }
    return new Promise((resolve, reject) => {
      const onAbort = (): void => {
        this.cancel(
          (one) => one === entry,
          () => new MnerError("aborted", "The request was aborted.", { cause: request.signal?.reason }),
        );
      };
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

  /** Rejects all matching requests at once; the one that is being served is told to stop. */
  cancel(matches: (request: Request<Job>) => boolean, reason: () => MnerError): void {
    for (const entry of this.waiting.filter(matches)) {
      this.waiting.splice(this.waiting.indexOf(entry), 1);
      entry.settle(Promise.reject(reason()));
    }
    if (this.running !== null && matches(this.running)) {
      const error = reason();
      this.running.settle(Promise.reject(error));
      this.running.controller.abort(error);
    }
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
    const done = (): void => {
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
