// Pixels that their owner gives away: before they are asked about, and while they are on their way to the worker.
import type { Page } from "playwright-core";
import { afterAll, beforeAll, beforeEach, describe, expect } from "vitest";
import { attempts } from "../support/ledger.js";
import { type Entry, type HostileSite, MODEL, openHostileSite } from "../support/site.js";

const attempt = attempts("1 input");
let site: HostileSite;
let page: Page;

beforeAll(async () => {
  site = await openHostileSite();
});
afterAll(() => site?.close());
beforeEach(async () => {
  page = await site.open("hostile");
  page.setDefaultTimeout(60_000);
});

interface Seen {
  readonly code: string | null;
  readonly notices: readonly string[];
  /** What the next request says, which has nothing to do with it. */
  readonly next: string | null;
}

/** `when`: how many turns of the event loop after asking the pixels go; null: before. */
function ask(when: number | null, strictPhoto: boolean): Promise<Seen> {
  return page.evaluate(
    async ([model, turns, strict]) => {
      const { entry } = globalThis as unknown as { entry: Entry };
      const analyzer = await entry.createAnalyzer({ model, backend: "wasm", run: "worker" });
      const image = new ImageData(64, 64);
      const give = () => void new MessageChannel().port1.postMessage(null, [image.data.buffer]);
      if (turns === null) give();
      const asked = entry.outcomeOf(analyzer.analyze({ text: "Ada in London", image, strictPhoto: strict }));
      for (let turn = 0; turn < (turns ?? 0); turn++) await Promise.resolve();
      if (turns !== null) give();
      const late = new Promise<"late">((resolve) => setTimeout(() => resolve("late"), 20_000));
      const answer = await Promise.race([asked, late]);
      const next = await Promise.race([entry.outcomeOf(analyzer.analyze({ text: "John in Paris" })), late]);
      analyzer.dispose();
      return {
        code: answer === "late" ? "never" : answer.code,
        notices: answer === "late" ? [] : (answer.value?.notices.map(({ code }) => code) ?? []),
        next: next === "late" ? "never" : next.code,
      };
    },
    [MODEL, when, strictPhoto] as const,
  );
}

describe("an ImageData whose pixels are gone", () => {
  attempt("before it is asked about", async () => {
    expect(await ask(null, true)).toEqual({ code: "image-unreadable", notices: [], next: null });
    const lenient = await ask(null, false);
    expect([lenient.code, lenient.next]).toEqual([null, null]);
    expect(lenient.notices).toContain("image-unreadable");
    return { tries: 2, outcome: "told at once; the next request is answered", code: "image-unreadable" };
  });

  attempt("while it is on its way", async () => {
    for (const turns of [0, 1, 2, 4, 8, 16]) {
      const { code, next } = await ask(turns, false);
      expect([turns, [null, "image-unreadable"].includes(code), next]).toEqual([turns, true, null]);
    }
    return { tries: 6, outcome: "settles; the next request is answered" };
  });
});
