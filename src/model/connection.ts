// One request whose body is read piece by piece, given up when the caller aborts or when nothing arrives for too long.
import { throwIfAborted } from "../core/abort.js";

export interface Connection {
  readonly response: Response;
  /** The next piece of the body, or null at its end. */
  next(): Promise<Uint8Array | null>;
  /** Lets the connection go; safe to call at any time, and needed whenever the body was not read to its end. */
  close(): void;
}

/** Opens a request. Throws `aborted` when the signal fired, else whatever fetch threw (also when it stalled). */
export async function connect(
  fetcher: typeof fetch,
  url: URL,
  init: RequestInit,
  signal: AbortSignal,
  stallMs: number,
): Promise<Connection> {
  throwIfAborted(signal);
  const controller = new AbortController();
  const onAbort = (): void => controller.abort(signal.reason);
  signal.addEventListener("abort", onAbort);
  let timer: ReturnType<typeof setTimeout> | undefined;
  const watch = (): void => {
    clearTimeout(timer);
    timer = setTimeout(() => controller.abort(new Error(`nothing arrived for ${stallMs} ms`)), stallMs);
  };
  const release = (): void => {
    clearTimeout(timer);
    signal.removeEventListener("abort", onAbort);
  };
  /** Runs one step under the stall watch and turns an abort of the caller into the caller's error. */
  const watched = async <T>(step: () => Promise<T>): Promise<T> => {
    watch();
    try {
      return await step();
    } catch (error) {
      release();
      throwIfAborted(signal);
      throw controller.signal.aborted ? controller.signal.reason : error;
    } finally {
      clearTimeout(timer);
    }
  };

  // Called as a bare function: the browser's fetch refuses to be a method of another object.
  const response = await watched(() => fetcher(url.href, { ...init, signal: controller.signal }));
  const reader = response.body?.getReader();
  let ended = false;
  return {
    response,
    next: () =>
      watched(async () => {
        if (ended) return null;
        if (!reader) {
          ended = true;
          return new Uint8Array(await response.arrayBuffer());
        }
        const { done, value } = await reader.read();
        if (done) ended = true;
        return value ?? null;
      }),
    close: () => {
      release();
      if (!ended) controller.abort();
      ended = true;
    },
  };
}
