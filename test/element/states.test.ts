// When a tag asks the engine, what it shows meanwhile, and how it lets go: alone and as one of a hundred.
import { join } from "node:path";
import type { Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { give, root, type Stage, setStage } from "./support.js";

let stage: Stage;
beforeAll(async () => {
  stage = await setStage({ "mner-qg": "src/element/index.ts" });
});
afterAll(() => stage.close());

const waitForAsk = (page: Page, count = 1): Promise<unknown> =>
  page.waitForFunction((wanted) => window.hand.asked.length >= wanted, count);

const names = (page: Page): Promise<string[]> => page.evaluate(() => window.heard.map(([name]) => name));

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
    expect(await names(page)).toEqual(["mner-progress", "mner-ready", "mner-result"]);
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

  it("rejects and stays usable when the caller aborts", async () => {
    await using open = await stage.open(`<mner-qg loading="manual">Ada</mner-qg>`);
    const out = await open.page.evaluate(async () => {
      const element = document.querySelector("mner-qg")!;
      const controller = new AbortController();
      const run = element.analyze({ signal: controller.signal }).catch((error: { code: string }) => error.code);
      setTimeout(() => controller.abort(), 20);
      const code = await run;
      await element.updateComplete;
      return [code, element.shadowRoot!.querySelector(".start, .primary") !== null, window.heard.map(([name]) => name)];
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

  it("that only slowed things down are told to those who ask why", async () => {
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
    await page.getByRole("button", { name: "Why?" }).click();
    expect(await page.locator(".notice").allTextContents()).toEqual(["No WebGPU.", "Only the first picture."]);
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

describe("the photo", () => {
  it("of a server that forbids reading leaves names without boxes, and says why", async () => {
    await using open = await stage.open(
      `<mner-qg loading="eager" src="/examples/coffee.jpg" alt="x">Ada met Bob.</mner-qg>`,
    );
    const { page } = open;
    await waitForAsk(page);
    await page.evaluate(() => window.hand.asked[0]!.fail("image-cross-origin", "Serve the photo with CORS."));
    await waitForAsk(page, 2);
    await page.evaluate(() =>
      window.hand.asked[1]!.answer(window.stored("Ada met Bob.", null, [{ name: "Ada", type: "PER" }])),
    );
    await page.locator(".notice", { hasText: "Serve the photo with CORS." }).waitFor();
    expect(await page.locator(".run").allTextContents()).toEqual(["Ada"]);
    expect(await names(page)).toEqual(["mner-ready", "mner-error", "mner-result"]);
  });

  it("is not decoded when its header claims more than memory holds", async () => {
    await using open = await stage.open("<mner-qg></mner-qg>");
    await open.page.evaluate(() => {
      // A PNG of 60,000 × 60,000 pixels, by its header alone.
      const bytes = [
        137, 80, 78, 71, 13, 10, 26, 10, 0, 0, 0, 13, 73, 72, 68, 82, 0, 0, 234, 96, 0, 0, 234, 96, 8, 2, 0, 0, 0,
      ];
      document.querySelector("mner-qg")!.image = new Blob([new Uint8Array([...bytes, ...new Array(200).fill(0)])]);
    });
    await open.page.getByText("60000 × 60000 pixels").waitFor();
    expect(await open.page.evaluate(() => (window.heard[0]![1] as { error: { code: string } }).error.code)).toBe(
      "image-too-large",
    );
  });

  it("may be an object of the page, and boxes lie on it", async () => {
    await using open = await stage.open("<mner-qg></mner-qg>");
    const sizes = await open.page.evaluate(async () => {
      const element = document.querySelector("mner-qg")!;
      element.results = window.examples.collins;
      const blob = await (await fetch("/examples/astronaut.jpg")).blob();
      const bitmap = await createImageBitmap(blob);
      const pixels = new ImageData(30, 20);
      const out: unknown[] = [];
      for (const image of [blob, bitmap, pixels, "/examples/astronaut.jpg"]) {
        element.image = image;
        const find = () =>
          element.shadowRoot!.querySelector<HTMLCanvasElement | HTMLImageElement>(".frame > canvas, .frame > img");
        // Its pixels take a while to be read; meanwhile there is no photo.
        await element.updateComplete;
        while (!find()) await new Promise((resolve) => setTimeout(resolve, 10));
        await element.updateComplete;
        const shown = find()!;
        out.push([shown.localName, shown.width > 0, element.shadowRoot!.querySelectorAll(".box").length]);
      }
      return out;
    });
    expect(sizes).toEqual([
      ["canvas", true, 3],
      ["canvas", true, 3],
      ["canvas", true, 3],
      ["img", true, 3],
    ]);
  });

  it("says what is wrong with a file that is no photo", async () => {
    await using open = await stage.open("<mner-qg></mner-qg>");
    await open.page.evaluate(() => {
      document.querySelector("mner-qg")!.image = new File(["%PDF-1.7 is no photo"], "<img onerror>.jpg", {
        type: "image/jpeg",
      });
    });
    await open.page.getByText("The file is a PDF. Save it as JPEG").waitFor();
    expect(await open.page.evaluate(() => (window.heard[0]![1] as { error: { code: string } }).error.code)).toBe(
      "image-unsupported",
    );
  });

  it("keeps its boxes on the same pixels however it is fitted and sized", async () => {
    await using open = await stage.open(
      `<style>mner-qg::part(image){width:300px;height:150px;max-height:none}mner-qg.cover::part(image){object-fit:cover;object-position:0 100%}mner-qg.contain::part(image){object-fit:contain}</style>
       <mner-qg class="contain" src="/examples/astronaut.jpg" alt="x"></mner-qg>`,
    );
    const { page } = open;
    await give(page, "collins");
    const box = async (): Promise<number[]> =>
      page.evaluate(async () => {
        await new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(resolve)));
        const root = document.querySelector("mner-qg")!.shadowRoot!;
        const frame = root.querySelector(".frame")!.getBoundingClientRect();
        const rect = root.querySelectorAll(".box")[2]!.querySelector(".line")!.getBoundingClientRect();
        return [rect.x - frame.x, rect.y - frame.y, rect.width, rect.height].map(Math.round);
      });
    // The mission patch, at 134, 350 to 212, 424 of 512 × 512.
    const near = (got: number[], scale: number, left: number, top: number): void => {
      const wanted = [134 * scale + left, 350 * scale + top, 78 * scale, 74 * scale];
      for (const [index, value] of got.entries())
        expect(Math.abs(value - wanted[index]!), `${got}`).toBeLessThanOrEqual(4);
    };
    await page.waitForFunction(() => document.querySelector("mner-qg")!.shadowRoot!.querySelector("img")!.complete);
    await page.evaluate(() => document.querySelector("mner-qg")!.requestUpdate());
    near(await box(), 150 / 512, 75, 0);
    await page.evaluate(() => {
      document.querySelector("mner-qg")!.className = "cover";
      document.querySelector("mner-qg")!.requestUpdate();
    });
    near(await box(), 300 / 512, 0, -150);
  });

  it("keeps its place before it is there", async () => {
    await using open = await stage.open(`<mner-qg alt="x"></mner-qg><p id="after">After</p>`);
    const { page } = open;
    let send = (): void => {};
    const held = new Promise<void>((resolve) => {
      send = resolve;
    });
    await page.route("**/late.jpg", async (route) => {
      await held;
      await route.fulfill({ path: join(root, "public/examples/astronaut.jpg") });
    });
    await give(page, "collins");
    const top = (): Promise<number> =>
      page.evaluate(async () => {
        const element = document.querySelector("mner-qg")!;
        element.src = "/late.jpg";
        await element.updateComplete;
        await new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(resolve)));
        return Math.round(document.querySelector("#after")!.getBoundingClientRect().top);
      });
    const before = await top();
    send();
    await page.waitForFunction(
      () => document.querySelector("mner-qg")!.shadowRoot!.querySelector("img")!.naturalWidth > 0,
    );
    expect(before).toBeGreaterThan(400);
    expect(await top()).toBe(before);
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

describe("exports", () => {
  it("go round: JSON given back draws the same", async () => {
    await using open = await stage.open("<mner-qg></mner-qg>");
    const same = await open.page.evaluate(async () => {
      const element = document.querySelector("mner-qg")!;
      element.results = window.examples.nested;
      await element.updateComplete;
      const before = element.shadowRoot!.querySelector(".text")!.outerHTML;
      element.results = JSON.parse(JSON.stringify(element));
      await element.updateComplete;
      return before === element.shadowRoot!.querySelector(".text")!.outerHTML;
    });
    expect(same).toBe(true);
  });

  it("say so when there is nothing to export", async () => {
    await using open = await stage.open("<mner-qg loading=manual>Ada</mner-qg>");
    const out = await open.page.evaluate(async () => {
      const element = document.querySelector("mner-qg")!;
      const code = await element.toCoNLL().catch((error: { code: string }) => error.code);
      return [code, JSON.stringify(element)];
    });
    expect(out).toEqual(["results-invalid", "null"]);
  });

  it("make pictures of what is shown", async () => {
    await using open = await stage.open(`<mner-qg src="/examples/astronaut.jpg" alt="x"></mner-qg>`);
    await give(open.page, "collins");
    const out = await open.page.evaluate(async () => {
      const element = document.querySelector("mner-qg")!;
      const svg = new DOMParser().parseFromString(await element.toSVG(), "image/svg+xml");
      const bitmap = await createImageBitmap(await element.toPNG());
      const words = [...svg.querySelectorAll("text")].map((node) => node.textContent);
      return {
        words,
        photo: svg.querySelector("image")?.getAttribute("href")?.slice(0, 22),
        width: bitmap.width,
        error: svg.querySelector("parsererror")?.textContent,
      };
    });
    expect(out.words.join(" ")).toContain("Eileen Collins, first woman");
    expect(out.words).toContain("@NASA");
    expect(out).toMatchObject({ photo: "data:image/jpeg;base64", width: 1920, error: undefined });
  });

  it("say why a photo of another server cannot be painted, and link it in SVG", async () => {
    const other = await setStage();
    // Without the header that lets others read it.
    other.headers.set("/examples/coffee.jpg", { "access-control-allow-origin": "https://example.org" });
    await using open = await stage.open(`<mner-qg src="${other.served.origin}/examples/coffee.jpg" alt="x"></mner-qg>`);
    await give(open.page, "absent");
    const out = await open.page.evaluate(async () => {
      const element = document.querySelector("mner-qg")!;
      const code = await element.toPNG().catch((error: { code: string }) => error.code);
      return [code, (await element.toSVG()).match(/href="([^"]*)"/)?.[1]];
    });
    expect(out).toEqual(["image-cross-origin", `${other.served.origin}/examples/coffee.jpg`]);
    await other.close();
  });
});

describe("small and large", () => {
  it("fits 320 pixels without scrolling sideways", async () => {
    await using open = await stage.open(`<mner-qg src="/examples/astronaut.jpg" alt="x" list why></mner-qg>`, {
      context: { viewport: { width: 320, height: 700 } },
    });
    for (const example of ["collins", "nested", "custom", "rightToLeft"]) {
      await give(open.page, example);
      expect(await open.page.evaluate(() => document.documentElement.scrollWidth), example).toBe(320);
    }
  });

  it("puts text and photo side by side where there is room", async () => {
    await using open = await stage.open(`<mner-qg src="/examples/astronaut.jpg" alt="x"></mner-qg>`, {
      context: { viewport: { width: 3840, height: 2160 } },
    });
    await give(open.page, "collins");
    const [text, frame] = await open.page.evaluate(() => {
      const root = document.querySelector("mner-qg")!.shadowRoot!;
      return [".text", ".frame"].map((selector) => root.querySelector(selector)!.getBoundingClientRect().x);
    });
    expect(frame).toBeGreaterThan(text! + 500);
  });

  it("prints the whole list and no buttons", async () => {
    await using open = await stage.open(`<mner-qg src="/examples/astronaut.jpg" alt="x"></mner-qg>`);
    const { page } = open;
    await give(page, "collins");
    await page.emulateMedia({ media: "print" });
    expect(await page.locator(".list").isVisible()).toBe(true);
    expect(await page.locator(".bar").isVisible()).toBe(false);
    expect(await page.locator(".switches").isVisible()).toBe(false);
  });
});
