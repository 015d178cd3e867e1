// Lets callers who want the same thing at the same time share one piece of work: it goes on while anyone still wants it,
// and each of them can leave at once.
import { MnerError, throwIfAborted } from "../errors/mner-error.js";
import type { LoadProgress } from "./progress.js";

interface Shared<T> {
  readonly key: string;
  readonly parts: readonly unknown[];
  readonly controller: AbortController;
  readonly promise: Promise<T>;
  readonly listeners: Set<(progress: LoadProgress) => void>;
  holders: number;
  last: LoadProgress | null;
}

export interface ShareRequest<T> {
  readonly key: string;
  /** Work is the same only when these are too (compared by identity). */
  readonly parts: readonly unknown[];
  readonly signal?: AbortSignal;
  readonly onProgress?: (progress: LoadProgress) => void;
  readonly start: (signal: AbortSignal, onProgress: (progress: LoadProgress) => void) => Promise<T>;
}

const running = new Set<Shared<unknown>>();

/** Joins work that is going on, or starts it. */
export function share<T>(request: ShareRequest<T>): Promise<T> {
  const { signal, onProgress } = request;
  try {
    throwIfAborted(signal);
  } catch (error) {
    return Promise.reject(error);
  }
  const work = find(request) ?? begin(request);
  work.holders += 1;
  // A listener of its own for each caller, even when two pass the same function.
  const listener = (progress: LoadProgress): void => onProgress?.(progress);
  work.listeners.add(listener);
  if (work.last) tell(listener, work.last);
  return new Promise<T>((resolve, reject) => {
    const leave = (): void => {
      signal?.removeEventListener("abort", onAbort);
      work.listeners.delete(listener);
      work.holders -= 1;
    };
    const onAbort = (): void => {
      leave();
      if (work.holders === 0) {
        running.delete(work);
        work.controller.abort(signal?.reason);
      }
      reject(new MnerError("aborted", "The request was aborted.", { cause: signal?.reason }));
    };
    signal?.addEventListener("abort", onAbort);
    work.promise.then(
      (value) => {
        leave();
        resolve(value);
      },
      (error: unknown) => {
        leave();
        reject(error);
      },
    );
  });
}

function find<T>({ key, parts }: ShareRequest<T>): Shared<T> | undefined {
  for (const work of running) {
    if (work.key === key && work.parts.every((part, index) => part === parts[index])) return work as Shared<T>;
  }
  return undefined;
}

function begin<T>(request: ShareRequest<T>): Shared<T> {
  const controller = new AbortController();
  const listeners: Shared<T>["listeners"] = new Set();
  const onProgress = (progress: LoadProgress): void => {
    work.last = progress;
    for (const listener of listeners) tell(listener, progress);
  };
  // One turn later, so that even a start that reports at once finds everything in place.
  const promise = Promise.resolve().then(() => request.start(controller.signal, onProgress));
  const { key, parts } = request;
  const work: Shared<T> = { key, parts, controller, promise, listeners, holders: 0, last: null };
  running.add(work);
  const end = (): void => {
    running.delete(work);
  };
  promise.then(end, end);
  return work;
}

/** A fault in one caller's callback is that caller's alone: reported as uncaught, but the shared work goes on. */
function tell(listener: (progress: LoadProgress) => void, progress: LoadProgress): void {
  try {
    listener(progress);
  } catch (error) {
    queueMicrotask(() => {
      throw error;
    });
  }
}
