// What a command may do to the outside: write results to stdout, everything else to stderr, and stop when asked to.
// Handed in rather than taken from `process`, so that tests run commands without a process of their own.

export interface CommandContext {
  /** Results only: a table, JSON, annotated lines. */
  readonly out: (text: string) => void;
  /** Progress, notices and errors. */
  readonly error: (text: string) => void;
  /** Whether stderr is a terminal that a progress bar may be redrawn on. */
  readonly interactive: boolean;
  readonly signal: AbortSignal;
  /** The script of worker threads; it lies beside the entry's. */
  readonly worker: URL;
}

/** How a command ended. */
export const EXIT = { ok: 0, someFailed: 1, usage: 2, interrupted: 130 } as const;
