// In Chromium: many tags that ask much, and what became of every single request.

import type { MnerQg } from "../../../src/element/mner-qg.js";
import { defineMnerQg } from "../../../src/element/mner-qg.js";

defineMnerQg();

const FOLDER = "/models/tiny/";
let tags: MnerQg[] = [];

/** So many tags below each other, of which the first few are on screen. */
export async function setOut(count: number): Promise<number> {
  for (const tag of tags) tag.remove();
  tags = Array.from({ length: count }, () => {
    const tag = document.createElement("mner-qg");
    Object.assign(tag, { loading: "manual", model: FOLDER, backend: "wasm", text: "Ana" });
    tag.style.cssText = "display: block; min-height: 300px";
    return tag;
  });
  document.body.append(...tags);
  await tags[0]!.analyze();
  // Tags learn a frame later whether they are near the screen.
  await new Promise((resolve) => setTimeout(resolve, 500));
  return tags.filter((tag) => tag.getBoundingClientRect().top < innerHeight).length;
}

export interface Flood {
  readonly answered: number;
  readonly aborted: number;
  readonly other: readonly string[];
  /** Requests whose promise settled not exactly once. */
  readonly unsettled: number;
  /** Answers about another text than was asked about. */
  readonly mistaken: number;
  /** `mner-result` events. */
  readonly events: number;
  readonly latencies: readonly number[];
}

/** Numbers that look random and are the same for the same seed. */
function randomFrom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32;
  };
}

const BURST = 15;

/** Asks so often, of any tag at any time; every third request is aborted some time later. */
export async function flood(requests: number, seed: number): Promise<Flood> {
  const random = randomFrom(seed);
  const settled = new Array<number>(requests).fill(0);
  const latencies: number[] = [];
  const other: string[] = [];
  let [answered, aborted, mistaken, events] = [0, 0, 0, 0];
  const count = (): void => void events++;
  document.addEventListener("mner-result", count);
  const all: Promise<void>[] = [];
  for (let request = 0; request < requests; request++) {
    const tag = tags[Math.floor(random() * tags.length)]!;
    const text = `John ${request} in Paris ${"and more ".repeat(Math.floor(random() * 6))}`.trim();
    tag.text = text;
    const controller = new AbortController();
    const begun = performance.now();
    const asked = tag.analyze({ signal: controller.signal }).then(
      (result) => {
        settled[request]!++;
        answered++;
        latencies.push(performance.now() - begun);
        if (result.text !== text) mistaken++;
      },
      (error: { code?: string; message: string }) => {
        settled[request]!++;
        if (error.code === "aborted") aborted++;
        else other.push(`${error.code}: ${error.message}`);
      },
    );
    all.push(asked);
    if (request % 3 === 0) setTimeout(() => controller.abort(), random() * 200);
    // In bursts, as when a page is scrolled: most wait for others.
    if (random() < 1 / BURST) await new Promise((resolve) => setTimeout(resolve, random() * 300));
  }
  await Promise.all(all);
  // What came twice would come now.
  await new Promise((resolve) => setTimeout(resolve, 300));
  document.removeEventListener("mner-result", count);
  const unsettled = settled.filter((times) => times !== 1).length;
  return { answered, aborted, other, unsettled, mistaken, events, latencies };
}

/** All tags ask at once, those out of sight first; the order in which they were answered, by their place on the page. */
export async function rush(): Promise<number[]> {
  const order: number[] = [];
  const asked = tags
    .map((tag, place) => ({ tag, place }))
    .reverse()
    .map(({ tag, place }) => {
      tag.text = `Paris ${place}`;
      return tag.analyze().then(() => order.push(place));
    });
  await Promise.all(asked);
  return order;
}

let photosMade = 0;

/** No two are alike: nothing that is remembered of one helps with the next. */
async function photo(): Promise<Blob> {
  const seed = photosMade++;
  const canvas = new OffscreenCanvas(200, 150);
  const context = canvas.getContext("2d")!;
  context.fillStyle = `hsl(${seed * 47} 70% 50%)`;
  context.fillRect(seed % 90, 20, 90, 70);
  context.fillStyle = "#fff";
  for (let bit = 0; bit < 24; bit++) if ((seed >> bit) & 1) context.fillRect(8 * bit, 130, 8, 8);
  return canvas.convertToBlob();
}

export interface Worked {
  /** What each request took. */
  readonly latencies: readonly number[];
  /** How many of them had a photo, never one that was seen before. */
  readonly photos: number;
}

/** Works for so long, one request after the other, texts and photos by turns. */
export async function work(milliseconds: number, seed: number): Promise<Worked> {
  const random = randomFrom(seed);
  const latencies: number[] = [];
  const before = photosMade;
  for (const end = performance.now() + milliseconds; performance.now() < end; ) {
    const tag = tags[Math.floor(random() * tags.length)]!;
    tag.text = `John ${latencies.length} in Paris ${"and more ".repeat(Math.floor(random() * 6))}`;
    tag.image = random() < 0.6 ? await photo() : null;
    const begun = performance.now();
    await tag.analyze();
    latencies.push(performance.now() - begun);
  }
  return { latencies, photos: photosMade - before };
}

/** All of this page's memory, its worker's and WebAssembly's included, after a collection. */
export async function memory(): Promise<number> {
  const { measureUserAgentSpecificMemory } = performance as unknown as {
    measureUserAgentSpecificMemory(): Promise<{ bytes: number }>;
  };
  return (await measureUserAgentSpecificMemory.call(performance)).bytes;
}
