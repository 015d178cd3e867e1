// What a race has found, for the next engine of this thread and, where the browser lets anything be stored, for the next visit.
import { PLAIN, RELAXED } from "./binary.js";

/** How linear layers of eight bits are multiplied. */
export type Products = "floats" | "sixteen-bits";

/** Of the browser's CacheStorage what is used here. */
export type Memory = Pick<CacheStorage, "match" | "open">;

const CACHE = "mner-qg-kernels";
/** Other kernels, or another browser, may well run differently. Must look like a URL; nothing is ever fetched from here. */
const key = (): string =>
  `https://kernels.mner-qg.invalid/${PLAIN.length}-${RELAXED.length}/${encodeURIComponent(globalThis.navigator?.userAgent ?? "")}`;
/** Storage that takes longer than a race is no help. */
const ANSWER_MS = 50;

const CHOICES: readonly string[] = ["floats", "sixteen-bits"] satisfies Products[];
let last: Products | null = null;

export async function recall(memory: Memory | null): Promise<Products | null> {
  if (last !== null) return last;
  const stored = await inTime(async () => (await memory?.match(key()))?.text());
  return stored !== null && CHOICES.includes(stored) ? (stored as Products) : null;
}

export async function remember(products: Products, memory: Memory | null): Promise<void> {
  last = products;
  await inTime(async () => void (await (await memory?.open(CACHE))?.put(key(), new Response(products))));
}

/** For tests: as on a page that has just been opened. */
export function forget(): void {
  last = null;
}

/** Null when storage refuses, or does not answer at once. */
async function inTime<T>(work: () => Promise<T | undefined>): Promise<T | null> {
  const silence = new Promise<null>((resolve) => setTimeout(resolve, ANSWER_MS, null));
  try {
    return (await Promise.race([work(), silence])) ?? null;
  } catch {
    return null;
  }
}
