// When to try again and how long to wait: short at first, longer each time, never for ever, and over at once when aborted.
import { throwIfAborted } from "../core/abort.js";
import { MnerError } from "../core/mner-error.js";

export interface RetryRule {
  /** Attempts in a row that bring nothing new before giving up. */
  readonly attempts: number;
  readonly firstDelayMs: number;
  readonly longestDelayMs: number;
  /** A connection that sends nothing for so long is taken as lost. */
  readonly stallMs: number;
}

export const RETRY_RULE: RetryRule = { attempts: 5, firstDelayMs: 300, longestDelayMs: 8000, stallMs: 20_000 };

/** Longest wait a server's Retry-After is granted. */
const LONGEST_ASKED_MS = 30_000;

/** Milliseconds before the next attempt; jittered, so that many tabs do not return in step. */
export function delayBefore(attempt: number, rule: RetryRule, askedMs = 0): number {
  const delay = Math.min(rule.firstDelayMs * 2 ** Math.max(0, attempt - 1), rule.longestDelayMs);
  return Math.max(delay * (0.75 + Math.random() / 2), Math.min(askedMs, LONGEST_ASKED_MS));
}

/** What a Retry-After header asks for, in milliseconds; 0 when it asks nothing sensible. */
export function retryAfter(response: Response): number {
  const header = response.headers.get("retry-after");
  if (!header) return 0;
  const seconds = Number(header);
  const delay = Number.isFinite(seconds) ? seconds * 1000 : Date.parse(header) - Date.now();
  return Number.isFinite(delay) ? Math.max(delay, 0) : 0;
}

/** Waits; ends early when the device comes back online, and with `aborted` when the signal fires. */
export function wait(milliseconds: number, signal: AbortSignal): Promise<void> {
  throwIfAborted(signal);
  return new Promise((resolve, reject) => {
    const target = globalThis as Partial<Pick<EventTarget, "addEventListener" | "removeEventListener">>;
    const stop = (): void => {
      clearTimeout(timer);
      signal.removeEventListener("abort", onAbort);
      target.removeEventListener?.("online", onOnline);
    };
    const onOnline = (): void => {
      stop();
      resolve();
    };
    const onAbort = (): void => {
      stop();
      reject(new MnerError("aborted", "The request was aborted.", { cause: signal.reason }));
    };
    const timer = setTimeout(onOnline, milliseconds);
    signal.addEventListener("abort", onAbort);
    target.addEventListener?.("online", onOnline);
  });
}

/** Whether a status says "later, perhaps". */
export function isTemporary(status: number): boolean {
  return status === 408 || status === 425 || status === 429 || status >= 500;
}

/** The error after the last attempt: the reader's own connection, or the server's. */
export function connectionError(url: URL, cause: unknown, detail = ""): MnerError {
  const online = (globalThis as { navigator?: { onLine?: boolean } }).navigator?.onLine;
  if (online === false) {
    return new MnerError(
      "offline",
      "This device is offline and the model is not stored on it yet. Connect once; after that it works offline.",
      { cause },
    );
  }
  return new MnerError(
    "model-network",
    `The model could not be fetched from ${url.origin}${url.pathname}${detail}. Check the connection and the server; ` +
      "if it is another origin, it must allow cross-origin requests, and the page's Content-Security-Policy must allow it.",
    { cause },
  );
}
