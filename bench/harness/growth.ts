// How the time grows with the text, the queries, the photo and the number of tags on a page. Not cross-origin isolated, as
// most pages.
import { type Summary, summarise } from "../arithmetic/statistics.js";
import { oneWaySetting, type Site } from "./site.js";
import { BATCH, interleave, PHOTO, TWEET } from "./work.js";

export interface Series {
  readonly name: string;
  readonly points: readonly { readonly x: number; readonly ms: Summary }[];
}

export interface GrowthResult {
  readonly length: readonly Series[];
  readonly queries: readonly Series[];
  readonly photo: readonly Series[];
  readonly tags: readonly Series[];
  readonly tweets: readonly Series[];
}

/** Width and height of photos from a thumbnail to the largest a common camera takes. */
const PHOTOS = [
  [640, 480],
  [1152, 864],
  [2000, 1500],
  [4000, 3000],
  [5657, 4243],
  [8165, 6124],
] as const;
const LENGTHS = [8, 16, 32, 64, 128, 256, 512];
const QUERIES = [1, 2, 4, 8, 16, 32];
const TWEETS = [1, 2, 4, 8, 16];

export async function measureGrowth(site: Site, runs: number, quick: boolean): Promise<GrowthResult> {
  /** All points of all series in turns, so that a slow moment of the machine does not bend one of them. */
  const grow = async (xs: readonly number[], works: Readonly<Record<string, (x: number) => Promise<number>>>) => {
    const key = (name: string, x: number): string => `${name} ${x}`;
    const contenders = Object.entries(works).flatMap(([name, work]) =>
      xs.map((x) => ({ name: key(name, x), run: () => work(x) })),
    );
    const times = await interleave(contenders, runs, 1);
    return Object.keys(works).map((name) => ({
      name,
      points: xs.map((x) => ({ x, ms: summarise(times[key(name, x)]!) })),
    }));
  };
  const network = await site.open("network", false);
  await network.call("open", "wasm", "/dist/models/mner-qg-mini/");
  await network.call("encodeImage");
  const { length: common } = await network.call<{ length: number }>("shapeOf", TWEET);
  const run = (rows: number, length: number, photo: boolean): Promise<number> =>
    network.call("run", rows, length, photo);
  const [seen, alone] = ["text and a known photo", "text alone"];
  const length = await grow(LENGTHS, { [seen!]: (x) => run(4, x, true), [alone!]: (x) => run(4, x, false) });
  const oneWay = await site.open("network", false);
  await oneWay.call("open", "wasm", "/dist/models/mner-qg-mini/", oneWaySetting());
  await oneWay.call("encodeImage");
  const queries = await grow(QUERIES, {
    [seen!]: (x) => run(x, common, true),
    [alone!]: (x) => run(x, common, false),
    [`${alone}, one way`]: (x) => oneWay.call("run", x, common, false),
    [`${seen}, one way`]: (x) => oneWay.call("run", x, common, true),
  });
  await Promise.all([network.close(), oneWay.close()]);

  const product = await site.open("product", false);
  await product.call("start", { backend: "wasm" }, PHOTO);
  const sizes = quick ? PHOTOS.filter((_, index) => index % 2 === 1) : PHOTOS;
  const megapixels = ([width, height]: readonly [number, number]): number => (width * height) / 1e6;
  const photo = await grow(sizes.map(megapixels), {
    "new photo": (x) => product.call("photoOf", TWEET, ...sizes.find((size) => megapixels(size) === x)!),
  });
  await product.close();

  const [shipped, changed] = [await site.open("product", false), await site.open("product", false)];
  await shipped.call("start", { backend: "wasm" }, PHOTO);
  await changed.call("start", { backend: "wasm", model: "/one-way/" }, PHOTO);
  const tweets = await grow(TWEETS, {
    "each with its photo": (x) => shipped.call("batch", BATCH.slice(0, x)),
    "each with its photo, one way": (x) => changed.call("batch", BATCH.slice(0, x)),
  });
  await Promise.all([shipped.close(), changed.close()]);

  const tags = await site.open("tags", false);
  await tags.call("start");
  const counts = quick ? [1, 10, 30] : [1, 3, 10, 30, 100];
  const points = [];
  for (const x of counts) {
    const times: number[] = [];
    for (let again = 0; again < (x > 10 ? 1 : Math.min(runs, 3)); again++)
      times.push(await tags.call<number>("show", x));
    points.push({ x, ms: summarise(times) });
  }
  await tags.close();
  return { length, queries, photo, tweets, tags: [{ name: "until the last tag has its result", points }] };
}
