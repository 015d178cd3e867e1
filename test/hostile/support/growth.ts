// Holds a piece of work to a time that grows in step with its input: the input is doubled and doubled again, and four times the
// input may take some four times the time, not sixteen. Finds what a limit of seconds does not see before somebody sends it.

/** Shorter times are noise. */
const MEASURABLE_MS = 20;
/** Four times the input: 4 when linear, 16 when quadratic. */
const MOST_RATIO = 9;
/** One run may take this long; whoever gets here grows too fast, whatever the ratio. */
const LONGEST_MS = 4000;

export interface Growth {
  readonly size: number;
  readonly milliseconds: number;
}

/** Time of the processor, which other programs do not lengthen. */
async function time(run: (size: number) => unknown, size: number): Promise<number> {
  let best = Number.POSITIVE_INFINITY;
  for (let attempt = 0; attempt < 3; attempt++) {
    const begun = process.cpuUsage();
    await run(size);
    const { user, system } = process.cpuUsage(begun);
    best = Math.min(best, (user + system) / 1000);
    // Long ones are not repeated: what they measure is far above the noise.
    if (best > 200) break;
  }
  return best;
}

/** Whether the time for four times the input is out of proportion. */
function isSteep(before: Growth | undefined, milliseconds: number): boolean {
  return before !== undefined && before.milliseconds > MEASURABLE_MS && milliseconds / before.milliseconds > MOST_RATIO;
}

/** Throws when `run` grows faster than its input; says what was measured last. */
export async function holdLinear(
  name: string,
  run: (size: number) => unknown,
  { from = 1000, to = 256_000 }: { readonly from?: number; readonly to?: number } = {},
): Promise<Growth> {
  const measured: Growth[] = [];
  for (let size = from; size <= to; size *= 2) {
    let milliseconds = await time(run, size);
    // Once more before it is believed.
    if (isSteep(measured.at(-2), milliseconds)) milliseconds = Math.min(milliseconds, await time(run, size));
    measured.push({ size, milliseconds });
    if (isSteep(measured.at(-3), milliseconds) || milliseconds > LONGEST_MS) {
      const steps = measured.map((step) => `${step.size}: ${step.milliseconds.toFixed(1)} ms`).join(", ");
      throw new Error(`${name} grows faster than its input: ${steps}.`);
    }
  }
  return measured.at(-1)!;
}
