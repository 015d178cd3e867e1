// The same weights with questions read together with the text, and read one way: what a text, a photo and a further question
// cost the network alone.
import { type Summary, summarise } from "../arithmetic/statistics.js";
import { oneWaySetting, type Site } from "./site.js";
import { interleave, TWEET } from "./work.js";

export interface OneWayResult {
  readonly isolated: boolean;
  readonly threads: number;
  readonly sharedLayers: number;
  /** Milliseconds by contender, one per round. */
  readonly times: Readonly<Record<string, readonly number[]>>;
}

export const WAYS = ["together", "one way"] as const;
/** A fifth question, of the caller's own. */
const [FOUR, FIVE] = [4, 5];

export async function measureOneWay(site: Site, isolated: boolean, rounds: number): Promise<OneWayResult> {
  const setting = oneWaySetting();
  const pages = await Promise.all(WAYS.map(() => site.open("network", isolated)));
  try {
    const contenders = [];
    let threads = 1;
    for (const [at, page] of pages.entries()) {
      const detail = await page.call<string>("open", "wasm", "/dist/models/mner-qg-mini/", at === 0 ? null : setting);
      threads = Number.parseInt(detail, 10);
      await page.call("encodeImage");
      const { length } = await page.call<{ length: number }>("shapeOf", TWEET);
      const run = (rows: number, photo: boolean): Promise<number> => page.call<number>("run", rows, length, photo);
      const fresh = async (rows: number): Promise<number> =>
        (await page.call<number>("encodeImage")) + (await run(rows, true));
      const works: Readonly<Record<string, () => Promise<number>>> = {
        "text alone": () => run(FOUR, false),
        "text alone, a fifth question": () => run(FIVE, false),
        "text + new photo": () => fresh(FOUR),
        "text + known photo": () => run(FOUR, true),
        "text + new photo, a fifth question": () => fresh(FIVE),
      };
      // A photo is known where the run before was with it: this order holds within a round, too.
      for (const [name, work] of Object.entries(works)) contenders.push({ name: `${WAYS[at]}: ${name}`, run: work });
    }
    return { isolated, threads, sharedLayers: setting.sharedLayers, times: await interleave(contenders, rounds) };
  } finally {
    await Promise.all(pages.map((page) => page.close()));
  }
}

/** How much longer a run with a fifth question takes than one with four, in percent. */
export function furtherQuestion(times: OneWayResult["times"], way: (typeof WAYS)[number], work: string): Summary {
  const [four, five] = [times[`${way}: ${work}`]!, times[`${way}: ${work}, a fifth question`]!];
  return summarise(five.map((ms, round) => 100 * (ms / four[round]! - 1)));
}
