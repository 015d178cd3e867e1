// One row of the budgets: what was found, what is allowed, and where the figure comes from.

export interface Row {
  readonly name: string;
  /** Null when it could not be had; the note says why. */
  readonly found: number | null;
  readonly limit: number;
  /** Whether more is better: a speed-up must reach its limit, everything else must not exceed it. */
  readonly atLeast?: boolean;
  readonly unit: string;
  readonly note?: string;
}

export type Verdict = "fits" | "EXCEEDED" | "UNKNOWN";

/** A figure that is missing or no number never passes. */
export function judge({ found, limit, atLeast = false }: Row): Verdict {
  if (found === null || Number.isNaN(found)) return "UNKNOWN";
  return (atLeast ? found >= limit : found <= limit) ? "fits" : "EXCEEDED";
}
