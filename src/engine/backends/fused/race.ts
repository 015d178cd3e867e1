// Which way of multiplying suits this machine? Whole numbers of sixteen bits are faster on most; where a processor has
// multiply-and-add for floats but slow products of whole numbers (some ARM), floats are. Nothing says which but a try.
import type { KernelModule } from "./kernel-module.js";
import { type Memory, type Products, recall, remember } from "./remember.js";

/** A layer like those of the network, small enough to be tried many times. */
const [ROWS, INPUTS, OUTPUTS] = [32, 384, 256];
/** Any number will do: it changes no time. */
const TOP = 2 ** 15 - 1;
/** Long enough for the engine to have compiled both kernels well, which it does while they run. */
const [LEAST_MS, MOST_MS, LEAST_ROUNDS, RUNS] = [12, 100, 10, 6];
const [BEST, WORTH_IT] = [4, 0.9];
const FLOATS_MUST_WIN = 3;

/** Bytes of memory that the race needs. */
export const RACE_BYTES = 4 * (ROWS * INPUTS + INPUTS * OUTPUTS + 2 * OUTPUTS + ROWS * OUTPUTS) + 64 * 1024;

/** The faster of the two on this machine: what was found before, or what a race of a few milliseconds says. */
export async function chooseProducts(
  kernels: KernelModule,
  address: number,
  memory: Memory | null = null,
): Promise<Products> {
  const known = await recall(memory);
  if (known !== null) return known;
  const found = raceOften(contenders(kernels, address));
  await remember(found, memory);
  return found;
}

/**
 * On a busy machine one of the two may not be compiled well yet when the race ends. Most processors are faster with whole numbers,
 * so floats have to win several times.
 */
export function raceOften(runs: Readonly<Record<Products, () => void>>, now?: () => number): Products {
  for (let times = 0; times < FLOATS_MUST_WIN; times++) if (race(runs, now) === "sixteen-bits") return "sixteen-bits";
  return "floats";
}

/**
 * Runs both in turn until both have had enough tries, and compares the best few of each: whatever disturbs a run only makes it
 * longer. Clocks of pages are coarse, so a try is several runs. With little between the two, the smaller weights win.
 */
export function race(runs: Readonly<Record<Products, () => void>>, now = (): number => performance.now()): Products {
  const tries: Record<Products, number[]> = { floats: [], "sixteen-bits": [] };
  const begun = now();
  for (let round = 0; ; round++) {
    const spent = now() - begun;
    if (spent > MOST_MS || (spent > LEAST_MS && round >= LEAST_ROUNDS)) break;
    for (const name of ["floats", "sixteen-bits"] as const) {
      const before = now();
      for (let run = 0; run < RUNS; run++) runs[name]();
      tries[name].push(now() - before);
    }
  }
  const best = (times: number[]): number =>
    times
      .sort((a, b) => a - b)
      .slice(0, BEST)
      .reduce((sum, time) => sum + time, 0);
  return best(tries.floats) < WORTH_IT * best(tries["sixteen-bits"]) ? "floats" : "sixteen-bits";
}

function contenders(kernels: KernelModule, address: number): Record<Products, () => void> {
  const panels = address + 4 * ROWS * INPUTS;
  const bias = panels + 4 * INPUTS * OUTPUTS;
  const steps = bias + 4 * OUTPUTS;
  const out = steps + 4 * OUTPUTS;
  const scratch = out + 4 * ROWS * OUTPUTS;
  const parts = [address, INPUTS, 0, 0, 0, 0, 0, 0, panels];
  return {
    floats: () => kernels.linear(...parts, bias, out, OUTPUTS, 0, 0, 1, scratch, 0, ROWS),
    "sixteen-bits": () => kernels.linear16(...parts, steps, bias, out, OUTPUTS, 0, TOP, 0, 1, scratch, 0, ROWS),
  };
}
