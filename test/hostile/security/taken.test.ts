// Pages on which the tag's name is taken, and pages with a frame of another site that talks to everybody.
import { afterAll, beforeAll, describe, expect } from "vitest";
import { attempts } from "../support/ledger.js";
import { call, type HostileSite, MODEL, openHostileSite } from "../support/site.js";

const attempt = attempts("5 security");
let site: HostileSite;

beforeAll(async () => {
  site = await openHostileSite();
});
afterAll(() => site?.close());

async function open(script: string) {
  const page = await (await site.browser.newContext()).newPage();
  const errors: string[] = [];
  page.on("pageerror", ({ message }) => void errors.push(message));
  await page.addInitScript(script);
  await page.goto(`${site.origin}/hostile.html`);
  await page.waitForFunction("globalThis.entry !== undefined", undefined, { timeout: 20_000 }).catch(() => {});
  return { page, errors };
}

describe("a page on which the tag's name is taken", () => {
  attempt("by something else", async () => {
    const { page, errors } = await open(`customElements.define("mner-qg", class extends HTMLElement {});`);
    expect(errors.join()).toContain("mner-qg is taken");
    await page.context().close();
    return { outcome: "told as an error of the page" };
  });
});

describe("a frame of another site beside the tag", () => {
  attempt("that sends every message that parts of ours send one another", async () => {
    const words = [
      ...["alive", "started", "progress", "notice", "received", "unreadable", "answer", "partial", "error", "failed"],
      ...["start", "analyze", "abort", "run-rows", "photo"],
    ].map((type) => ({ type, id: 0, answer: { text: "pwned" }, result: { text: "pwned" }, error: {}, info: {} }));
    site.pages.set(
      "/stranger.html",
      `<!doctype html><script>const words = ${JSON.stringify(words)};
        setInterval(() => { for (const word of words) { parent.postMessage(word, "*"); } }, 5);
        for (const word of words) parent.postMessage(word, "*", [new MessageChannel().port1]);
      </script>`,
    );
    const { page, errors } = await open("");
    const sound = await call(page, "ask", { model: MODEL, backend: "wasm" }, { text: "Ana met John in Paris" });
    const heard = await page.evaluate(
      async (address) => {
        let messages = 0;
        addEventListener("message", () => messages++);
        const frame = document.createElement("iframe");
        frame.src = address;
        document.body.append(frame);
        for (let wait = 0; messages < 100 && wait < 300; wait++) {
          await new Promise((resolve) => setTimeout(resolve, 100));
        }
        return messages;
        // Another name of the same machine is another site.
      },
      `${site.origin.replace("127.0.0.1", "localhost")}/stranger.html`,
    );
    expect(heard).toBeGreaterThanOrEqual(100);
    const during = await call(page, "ask", { model: MODEL, backend: "wasm" }, { text: "Ana met John in Paris" });
    expect([during.code, during.spans, during.text]).toEqual([null, sound.spans, "Ana met John in Paris"]);
    const tag = await call(page, "askTag", { model: MODEL, backend: "wasm", text: "Ana met John in Paris" });
    expect([tag.fired, tag.text, errors]).toEqual([[], "Ana met John in Paris", []]);
    await page.context().close();
    return { tries: heard, outcome: "ignored by tag and analyser" };
  });
});
