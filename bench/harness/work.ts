// The work that everything is measured with, and how runs of several contenders are mixed.

/** A tweet of common length, with names of each type. */
export const TWEET =
  "Great seeing Eileen Collins speak at the Kennedy Space Center in Florida tonight, thanks @NASA and the STS-93 crew! #space";

export const PHOTO = "/examples/china.jpg";

/** Sixteen tweets that differ in length and words. */
export const BATCH: readonly string[] = Array.from({ length: 16 }, (_, index) => {
  const words = TWEET.split(" ");
  return [...words.slice(index % 5), `number ${index}`, ...words.slice(0, (index * 3) % 9)].join(" ");
});

export interface Contender {
  readonly name: string;
  run(): Promise<number>;
}

/**
 * Each contender once per round, in turns that begin with another one each time. The first rounds, which warm up, do not
 * count. Times by name, one per round, so that runs of the same round can be paired.
 */
export async function interleave(
  contenders: readonly Contender[],
  rounds: number,
  warmup = Math.min(2, rounds),
): Promise<Record<string, number[]>> {
  const times: Record<string, number[]> = Object.fromEntries(contenders.map(({ name }) => [name, []]));
  for (let round = -warmup; round < rounds; round++) {
    const first = (((round % contenders.length) + contenders.length) % contenders.length) | 0;
    for (let turn = 0; turn < contenders.length; turn++) {
      const { name, run } = contenders[(first + turn) % contenders.length]!;
      const ms = await run();
      if (round >= 0) times[name]!.push(ms);
    }
  }
  return times;
}
