// What the page and the service worker say to each other. Both may be of different versions for a while, so the words are
// few, and whoever hears one it does not know keeps silent.

/** From the page. Each comes with a port to answer on, when an answer is expected. */
export type PageMessage =
  /** Take over from the old version now: the reader agreed. */
  | { readonly kind: "take-over" }
  /** Does this script belong to your version? Answered with `KnownAnswer`. */
  | { readonly kind: "knows"; readonly script: string }
  /** Is everything here, and is it right? Answered with `CheckAnswer`. */
  | { readonly kind: "check" }
  /** A page has begun; versions that nobody uses any more can go. */
  | { readonly kind: "tidy" };

/** From the service worker to every page: which script are you? Answered with `ScriptAnswer`. */
export type WorkerMessage = { readonly kind: "which-script" };

export interface KnownAnswer {
  readonly known: boolean;
}

export interface ScriptAnswer {
  readonly script: string;
}

export interface CheckAnswer {
  /** Files of the app that are missing or damaged. */
  readonly missing: readonly string[];
  readonly files: number;
  readonly bytes: number;
  /** `none` in a build without a model. */
  readonly model: "whole" | "incomplete" | "none";
}

/** Sends and waits for the answer; null when none comes. */
export function ask<Answer>(
  target: { postMessage(message: unknown, transfer: Transferable[]): void },
  message: PageMessage | WorkerMessage,
  patienceMs: number,
): Promise<Answer | null> {
  return new Promise((resolve) => {
    const { port1, port2 } = new MessageChannel();
    const timer = setTimeout(() => finish(null), patienceMs);
    const finish = (answer: Answer | null): void => {
      clearTimeout(timer);
      port1.close();
      resolve(answer);
    };
    port1.onmessage = (event) => finish(event.data as Answer);
    try {
      target.postMessage(message, [port2]);
    } catch {
      finish(null);
    }
  });
}
