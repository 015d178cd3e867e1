// When a tag asks the engine, what it shows meanwhile, and how it lets go: alone and as one of a hundred.
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { give, namesHeard, type Stage, setStage, waitForAsk } from "./support.js";

let stage: Stage;
beforeAll(async () => {
  stage = await setStage();
});
afterAll(() => stage.close());

describe("loading", () => {
  it("waits until the tag nears the viewport, then asks for just that tag", async () => {
    await using open = await stage.open(
      `<mner-qg id="near">Ada met Bob.</mner-qg><div style="height: 6000px"></div><mner-qg id="far">Cleo met Dan.</mner-qg>`,
    );
    const { page } = open;
    await waitForAsk(page);
    await page.waitForTimeout(200);
    expect(await page.evaluate(() => window.hand.asked.map(({ request }) => request.text))).toEqual(["Ada met Bob."]);
    await page.locator("#far").scrollIntoViewIfNeeded();
    await waitForAsk(page, 2);
    // The first one had no answer yet and is out of sight: it stepped back.
    expect(
      await page.evaluate(() => window.hand.asked.map(({ request }) => [request.text, request.signal?.aborted])),
    ).toEqual([
      ["Ada met Bob.", true],
      ["Cleo met Dan.", false],
    ]);
    await page.locator("#near").scrollIntoViewIfNeeded();
    await waitForAsk(page, 3);
  });

  it("goes on out of sight with what was asked for", async () => {
    await using open = await stage.open(`<div style="height: 6000px"></div><mner-qg>Ada met Bob.</mner-qg>`);
    const { page } = open;
    await page.evaluate(() => {
      document.querySelector("mner-qg")!.analyze();
    });
    await waitForAsk(page);
    await page.locator("mner-qg").scrollIntoViewIfNeeded();
    await page.evaluate(() => scrollTo(0, 0));
    await page.waitForTimeout(200);
    expect(await page.evaluate(() => window.hand.asked.map(({ request }) => request.signal!.aborted))).toEqual([false]);
  });

  it("starts at once when eager, out of sight too", async () => {
    await using open = await stage.open(`<div style="height: 6000px"></div><mner-qg loading="eager">Ada</mner-qg>`);
    await waitForAsk(open.page);
  });

  it("waits for a press when manual, and fetches no engine before", async () => {
    await using open = await stage.open(`<mner-qg loading="manual">Ada met Bob.</mner-qg>`);
    const { page } = open;
    await page.waitForTimeout(150);
    expect(await page.evaluate(() => window.hand.loads)).toBe(0);
    await page.getByRole("button", { name: "Find names" }).click();
    await waitForAsk(page);
  });

  it("never loads an engine when results are given", async () => {
    await using open = await stage.open("");
    const loads = await open.page.evaluate(async () => {
      const element = document.createElement("mner-qg");
      element.results = window.examples.collins;
      element.loading = "eager";
      document.body.append(element);
      await element.updateComplete;
      const same = (await element.analyze()).text === element.results.text;
      await new Promise((resolve) => setTimeout(resolve, 100));
      return [window.hand.loads, same];
    });
    expect(loads).toEqual([0, true]);
  });

  it("moves nothing on the page from the first word to the result", async () => {
    await using open = await stage.open(
      `<mner-qg loading="manual" src="/examples/astronaut.jpg" alt="x">Ada met Bob.</mner-qg><p id="after">After</p>`,
    );
    const { page } = open;
    const top = (): Promise<number> =>
      page.evaluate(() => Math.round(document.querySelector("#after")!.getBoundingClientRect().top));
    await page.waitForFunction(
      () => document.querySelector("mner-qg")!.shadowRoot!.querySelector("img")!.naturalWidth > 0,
    );
    const before = await top();
    await page.evaluate(() => {
      window.hand.closed = true;
    });
    await page.getByRole("button", { name: "Find names" }).click();
    await page.waitForFunction(() => window.hand.created.length === 1);
    await page.evaluate(() => window.hand.progress({ fraction: 0.4 }));
    await page.getByText("Loading the model… 40%").waitFor();
    expect(await top()).toBe(before);
    await page.evaluate(() => window.hand.open());
    await waitForAsk(page);
    await page.evaluate(() =>
      window.hand.asked[0]!.answer(
        window.stored("Ada met Bob.", { width: 512, height: 512 }, [
          { name: "Ada", type: "PER", box: [9, 9, 99, 99] },
          { name: "Bob", type: "ORG" },
        ]),
      ),
    );
    await page.locator(".run").first().waitFor();
    expect(await top()).toBe(before);
    await page.locator(".chip").first().focus();
    await page.locator(".box").hover();
    expect(await top()).toBe(before);
  });

  it("shows one figure while loading, tells of it, then says it is reading", async () => {
    await using open = await stage.open("");
    const { page } = open;
    await page.evaluate(() => {
      window.hand.closed = true;
      const element = document.createElement("mner-qg");
      Object.assign(element, { text: "Ada met Bob.", loading: "eager" });
      document.querySelector("main")!.append(element);
    });
    await page.waitForFunction(() => window.hand.created.length === 1);
    await page.evaluate(() => window.hand.progress({ fraction: 0.42 }));
    await page.getByText("Loading the model… 42%").waitFor();
    expect(await page.locator("progress").getAttribute("value")).toBe("0.42");
    await page.evaluate(() => window.hand.open());
    await page.getByText("Reading…").waitFor();
    await page.evaluate(() =>
      window.hand.asked[0]!.answer({ ...window.examples.nested, text: "Ada met Bob.", entities: [] }),
    );
    await page.locator(".status", { hasText: "No names found." }).waitFor();
    expect(await namesHeard(page)).toEqual(["mner-progress", "mner-ready", "mner-result"]);
  });

  it("draws what is found of a long text while the rest is read", async () => {
    await using open = await stage.open(`<mner-qg loading="eager" text="Ada met Bob in Oslo."></mner-qg>`);
    const { page } = open;
    await waitForAsk(page);
    const part = (count: number) =>
      page.evaluate((names) => {
        const entity = (start: number, end: number) => ({
          start,
          end,
          text: "",
          type: "PER",
          score: 0.9,
          region: null,
        });
        const entities = [entity(0, 3), entity(8, 11)].slice(0, names);
        const result = { ...window.examples.nested, text: "Ada met Bob in Oslo.", image: null, entities };
        if (names < 2) window.hand.asked[0]!.request.onPartial!(result, 0.25);
        else window.hand.asked[0]!.answer(result);
      }, count);
    await part(1);
    await page.locator(".chip").first().waitFor();
    expect(await page.locator(".chip").count()).toBe(1);
    expect(await page.locator("progress").getAttribute("value")).toBe("0.25");
    expect(await namesHeard(page)).toEqual(["mner-ready"]);
    await part(2);
    await page.locator(".status", { hasText: "2 names" }).waitFor();
    expect(await page.locator(".chip").count()).toBe(2);
    expect(await page.locator("progress").count()).toBe(0);
    expect(await namesHeard(page)).toEqual(["mner-ready", "mner-result"]);
  });
});

describe("requests", () => {
  it("lets the newest text win", async () => {
    await using open = await stage.open(`<mner-qg loading="eager" text="One"></mner-qg>`);
    const { page } = open;
    await waitForAsk(page);
    const shown = await page.evaluate(async () => {
      const element = document.querySelector("mner-qg")!;
      element.text = "Two";
      while (window.hand.asked.length < 2) await new Promise((resolve) => setTimeout(resolve, 5));
      const answer = (index: number, text: string): void =>
        window.hand.asked[index]!.answer({
          ...window.examples.nested,
          text,
          entities: [{ start: 0, end: 3, text, type: "PER", score: 1, region: null }],
        });
      answer(1, "Two");
      answer(0, "One");
      await new Promise((resolve) => setTimeout(resolve, 30));
      return [
        window.hand.asked[0]!.request.signal!.aborted,
        element.toJSON()?.text,
        element.shadowRoot!.querySelector(".run")!.textContent,
      ];
    });
    expect(shown).toEqual([true, "Two", "Two"]);
  });

  it("does not ask the same twice, for all the arrays a framework makes anew", async () => {
    await using open = await stage.open(`<mner-qg loading="eager" text="One"></mner-qg>`);
    const { page } = open;
    await page.evaluate(async () => {
      const element = document.querySelector("mner-qg")!;
      for (let render = 0; render < 3; render++) {
        element.queries = [{ label: "ship", query: "which ships?" }];
        await element.updateComplete;
        await new Promise((resolve) => setTimeout(resolve, 20));
      }
    });
    expect(await page.evaluate(() => window.hand.asked.map(({ request }) => request.queries?.length ?? 0))).toEqual([
      0, 1,
    ]);
  });

  it.each(["manual", "eager"])("rejects and stays usable when the caller aborts (%s)", async (loading) => {
    await using open = await stage.open(`<mner-qg loading="${loading}">Ada</mner-qg>`);
    const out = await open.page.evaluate(async () => {
      const element = document.querySelector("mner-qg")!;
      const controller = new AbortController();
      const run = element.analyze({ signal: controller.signal }).catch((error: { code: string }) => error.code);
      setTimeout(() => controller.abort(), 20);
      const code = await run;
      await element.updateComplete;
      return [code, element.shadowRoot!.querySelector(".primary") !== null, window.heard.map(([name]) => name)];
    });
    expect(out).toEqual(["aborted", true, ["mner-ready"]]);
  });

  it("aborts and frees the engine when it leaves the page, but not when it is only moved", async () => {
    await using open = await stage.open(`<mner-qg loading="eager">Ada</mner-qg><div id="elsewhere"></div>`);
    const { page } = open;
    await waitForAsk(page);
    await page.evaluate(() => document.querySelector("#elsewhere")!.append(document.querySelector("mner-qg")!));
    await waitForAsk(page, 2);
    await page.waitForTimeout(50);
    expect(await page.evaluate(() => [window.hand.disposed, window.hand.created.length])).toEqual([0, 1]);
    await page.evaluate(() => document.querySelector("mner-qg")!.remove());
    await page.waitForFunction(() => window.hand.disposed === 1);
    expect(await page.evaluate(() => window.hand.asked.map(({ request }) => request.signal!.aborted))).toEqual([
      true,
      true,
    ]);
  });
});

describe("failures", () => {
  it("are shown, told, and can be tried again", async () => {
    await using open = await stage.open(
      `<mner-qg loading="manual" src="/examples/coffee.jpg" alt="Coffee">Ada met Bob.</mner-qg>`,
    );
    const { page } = open;
    await page.evaluate(() => {
      window.hand.failing = "model-shard-corrupt";
    });
    await page.getByRole("button", { name: "Find names" }).click();
    await page.locator(".error", { hasText: "This is the message of model-shard-corrupt" }).waitFor();
    expect(await page.locator(".text").textContent()).toBe("Ada met Bob.");
    expect(
      await page.evaluate(() =>
        window.heard.map(([name, detail]) => [name, (detail as { error: { code: string } }).error.code]),
      ),
    ).toEqual([["mner-error", "model-shard-corrupt"]]);
    await page.getByRole("button", { name: "Try again" }).click();
    await waitForAsk(page);
    await page.evaluate(() =>
      window.hand.asked[0]!.answer({ ...window.examples.nested, text: "Ada met Bob.", entities: [] }),
    );
    await page.locator(".status", { hasText: "No names found." }).waitFor();
    expect(await page.locator(".error").count()).toBe(0);
  });

  it("that only slowed things down are no reader's business", async () => {
    await using open = await stage.open("<mner-qg></mner-qg>");
    const { page } = open;
    await page.evaluate(async () => {
      const element = document.querySelector("mner-qg")!;
      const notices = [
        { code: "backend-fallback", message: "No WebGPU." },
        { code: "image-animated", message: "Only the first picture." },
      ];
      element.results = { ...window.examples.collins, notices };
      await element.updateComplete;
    });
    expect(await page.locator(".notice").allTextContents()).toEqual(["Only the first picture."]);
  });

  it("are translated", async () => {
    await using open = await stage.open(`<mner-qg loading="manual">Ada</mner-qg>`);
    const { page } = open;
    await page.evaluate(() => {
      window.hand.failing = "offline";
      document.querySelector("mner-qg")!.strings = window.translations.de;
    });
    await page.getByRole("button", { name: "Namen finden" }).click();
    await page.locator(".error", { hasText: "Es besteht keine Verbindung" }).waitFor();
  });

  it("of an empty text are told to whoever asks, and nobody else", async () => {
    await using open = await stage.open(`<mner-qg loading="eager"> </mner-qg>`);
    const out = await open.page.evaluate(async () => {
      const element = document.querySelector("mner-qg")!;
      await new Promise((resolve) => setTimeout(resolve, 50));
      const before = window.heard.length;
      const code = await element.analyze().catch((error: { code: string }) => error.code);
      await element.updateComplete;
      return [before, code, element.shadowRoot!.querySelector(".error p")?.textContent, window.hand.loads];
    });
    expect(out).toEqual([0, "text-empty", "There is no text. Write one into the tag, or set its text.", 0]);
  });

  it("of given results are shown next to what could be drawn", async () => {
    await using open = await stage.open("<mner-qg></mner-qg>");
    const { page } = open;
    const out = await page.evaluate(async () => {
      const element = document.querySelector("mner-qg")!;
      const { entities } = window.examples.collins;
      element.results = { ...window.examples.collins, entities: [entities[0]!, { ...entities[1]!, end: 4000 }] };
      await element.updateComplete;
      const root = element.shadowRoot!;
      return [
        root.querySelector(".error p")!.textContent,
        root.querySelectorAll(".run").length,
        window.heard.map(([, detail]) => (detail as { error: { code: string } }).error.code),
      ];
    });
    expect(out).toEqual([expect.stringContaining("entities[1] lies outside the text"), 1, ["results-invalid"]]);
  });

  it("of a photo leave the text its names", async () => {
    await using open = await stage.open(`<mner-qg src="/nothing.jpg" alt="A lost photo"></mner-qg>`);
    const { page } = open;
    await give(page, "collins");
    await page.getByText("The photo could not be shown").waitFor();
    expect(await page.locator(".run").count()).toBe(3);
    expect(await page.locator(".box").count()).toBe(0);
    expect(
      await page.evaluate(() => window.heard.map(([, detail]) => (detail as { error?: { code: string } }).error?.code)),
    ).toContain("image-network");
  });
});

describe("a hundred tags", () => {
  it("draw given results without an engine, and give everything back when they go", async () => {
    await using open = await stage.open("");
    const out = await open.page.evaluate(async () => {
      const main = document.querySelector("main")!;
      const start = performance.now();
      for (let count = 0; count < 100; count++) {
        const element = document.createElement("mner-qg");
        element.src = "/examples/astronaut.jpg";
        element.alt = "x";
        element.results = window.examples.collins;
        main.append(element);
      }
      const tags = [...document.querySelectorAll("mner-qg")];
      await Promise.all(tags.map((tag) => tag.updateComplete));
      const took = performance.now() - start;
      const runs = tags.reduce((sum, tag) => sum + tag.shadowRoot!.querySelectorAll(".run").length, 0);
      for (const tag of tags) tag.remove();
      return { runs, loads: window.hand.loads, took };
    });
    expect(out.runs).toBe(300);
    expect(out.loads).toBe(0);
  });

  it("ask one engine, and only for what is near", async () => {
    await using open = await stage.open(`<mner-qg style="min-height: 300px">Ada met Bob.</mner-qg>`.repeat(100));
    const { page } = open;
    await waitForAsk(page);
    await page.waitForTimeout(400);
    const first = await page.evaluate(() => ({ asked: window.hand.asked.length, loads: window.hand.loads }));
    expect(first.asked).toBeLessThan(10);
    // Scrolled past quickly: what was passed by is not kept waiting.
    await page.mouse.wheel(0, 30_000);
    await page.waitForTimeout(600);
    const waiting = await page.evaluate(
      () => window.hand.asked.filter(({ request }) => !request.signal!.aborted).length,
    );
    expect(waiting).toBeLessThan(12);
  });
});
