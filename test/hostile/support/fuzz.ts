// Tries a check on thousands of made-up inputs. What it holds every case to: an outcome that was foreseen, in five seconds,
// with Object.prototype as it was.
import fc from "fast-check";
import { isMnerError } from "../../../src/core/mner-error.js";
import { deadline, effort } from "./effort.js";
import { counted, type Tried } from "./ledger.js";
import { watch } from "./watchdog.js";

const SLOWEST_MS = 5000;
const SHORT_CASES = 1000;
/** Of each of the ten kinds of input that are fuzzed. */
const LONG_CASES = 11_000;
/** Of a long run's time, for each kind. */
const SHARE = 0.03;

export interface Fuzz<Value> {
  readonly name: string;
  readonly arbitrary: fc.Arbitrary<Value>;
  /** What came of it, in a word; a refusal may simply be thrown. */
  readonly check: (value: Value) => string | Promise<string>;
  /** The codes a refusal may have. */
  readonly codes: readonly string[];
  /** Outcomes that must occur, or the inputs are too tame or too wild to mean anything. */
  readonly seen?: readonly string[];
  /** For checks that take longer than the others. */
  readonly cases?: { readonly short: number; readonly long: number };
}

export async function fuzz<Value>({ name, arbitrary, check, codes, seen = [], cases }: Fuzz<Value>): Promise<Tried> {
  const least = effort.long ? (cases?.long ?? LONG_CASES) : (cases?.short ?? SHORT_CASES);
  const until = deadline(SHARE);
  const outcomes = new Map<string, number>();
  const dog = watch(name);
  let tries = 0;
  const one = async (value: Value): Promise<void> => {
    dog.begin(++tries);
    const begun = performance.now();
    const outcome = await outcomeOf(() => check(value), codes);
    dog.end();
    const took = performance.now() - begun;
    if (took > SLOWEST_MS) throw new Error(`A case took ${took.toFixed(0)} ms.`);
    if (Object.keys(Object.prototype).length > 0 || "polluted" in {}) throw new Error("Object.prototype was changed.");
    outcomes.set(outcome, (outcomes.get(outcome) ?? 0) + 1);
  };
  try {
    for (let round = 0; tries < least || (effort.long && performance.now() < until); round++) {
      const numRuns = Math.min(2000, Math.max(200, least - tries));
      await fc.assert(fc.asyncProperty(arbitrary, one), { numRuns, seed: effort.seed + round });
    }
  } finally {
    await dog.stop();
  }
  for (const outcome of seen) {
    if (!outcomes.has(outcome)) throw new Error(`“${outcome}” never came about, only ${counted(outcomes)}.`);
  }
  return { tries, outcome: "no crash, no hang, no other code", code: counted(outcomes) };
}

async function outcomeOf(check: () => string | Promise<string>, codes: readonly string[]): Promise<string> {
  try {
    return await check();
  } catch (error) {
    if (isMnerError(error) && codes.includes(error.code)) return error.code;
    throw error;
  }
}
