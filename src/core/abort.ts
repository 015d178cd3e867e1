// Stopping work that nobody wants any more: one error for it, one way to wait no longer, and pauses in long work between
// which the thread can hear of it.
import { isMnerError, MnerError } from "./mner-error.js";

/** Long enough that the pauses cost nothing, short enough for an abort to be heard and a frame to be drawn. */
const SLICE_MS = 8;

/** What a fired signal stands for: the reason itself when it is an error of ours (such as `disposed`), else `aborted`. */
export function abortError({ reason }: AbortSignal): MnerError {
  return isMnerError(reason) ? reason : new MnerError("aborted", "The request was aborted.", { cause: reason });
}

/** Throws when the signal has fired: call it before and after every step that takes time. */
export function throwIfAborted(signal: AbortSignal | undefined): void {
  if (signal?.aborted) throw abortError(signal);
}

/** The work's own outcome, or the abort's error as soon as the signal fires. The work itself goes on. */
export function orAborted<T>(work: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (!signal) return work;
  return new Promise((resolve, reject) => {
    const onAbort = (): void => reject(abortError(signal));
    signal.addEventListener("abort", onAbort);
    work.then(resolve, reject).finally(() => signal.removeEventListener("abort", onAbort));
    if (signal.aborted) onAbort();
  });
}

/** Lets the thread's other tasks go first. Promises alone would not: they run before any message is delivered. */
export function nextTask(): Promise<void> {
  return new Promise((resolve) => {
    if (typeof setImmediate === "function") setImmediate(resolve);
    else {
      // A timer would be slowed down to four milliseconds and more.
      const { port1, port2 } = new MessageChannel();
      port1.onmessage = () => {
        port1.close();
        resolve();
      };
      port2.postMessage(null);
    }
  });
}

/** A function to await between steps: it fails once the signal has fired, and now and then gives the thread away. */
export function makePause(signal: AbortSignal): () => Promise<void> {
  let since = performance.now();
  return async () => {
    if (performance.now() - since > SLICE_MS) {
      await nextTask();
      since = performance.now();
    }
    throwIfAborted(signal);
  };
}
