// Cuts long work into pieces between which the thread can hear that it should stop.
import { throwIfAborted } from "../errors/mner-error.js";

/** Long enough that the pauses cost nothing, short enough for an abort to be heard and a frame to be drawn. */
const SLICE_MS = 8;

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
