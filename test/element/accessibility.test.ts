// What a reader meets who uses keys, a screen reader, forced colours or a dark page.
import type { Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { axeFindings, give, type Stage, setStage } from "./support.js";

let stage: Stage;
beforeAll(async () => {
  stage = await setStage();
});
afterAll(() => stage.close());

const tag = (attributes = ""): string =>
  `<mner-qg src="/examples/astronaut.jpg" alt="An astronaut" ${attributes}>Eileen Collins joined @NASA.</mner-qg>`;
const schemed = `<style>:root{color-scheme:light dark}body{font-family:sans-serif;background:light-dark(#fff,#17181b);color:light-dark(#111,#eee)}</style>`;

describe("axe finds nothing", () => {
  const states: Readonly<Record<string, { body: string; prepare?: (page: Page) => Promise<unknown> }>> = {
    idle: { body: tag('loading="manual"') },
    loading: {
      body: tag('loading="eager"'),
      prepare: (page) =>
        page.evaluate(() => {
          window.hand.progress({ fraction: 0.4 });
        }),
    },
    result: { body: tag(), prepare: (page) => give(page, "collins") },
    "everything open": { body: tag("list why"), prepare: (page) => give(page, "collins") },
    nested: { body: "<mner-qg></mner-qg>", prepare: (page) => give(page, "nested") },
    "right to left": { body: "<mner-qg list></mner-qg>", prepare: (page) => give(page, "rightToLeft") },
    "own types": { body: tag("list"), prepare: (page) => give(page, "custom") },
    error: {
      body: tag('loading="manual"'),
      prepare: async (page) => {
        await page.evaluate(() => {
          window.hand.failing = "model-not-found";
        });
        await page.getByRole("button", { name: "Find names" }).click();
        await page.getByText("This is the message").first().waitFor();
      },
    },
    "photo missing": {
      body: `<mner-qg src="/missing.jpg" alt="A lost photo">Ada</mner-qg>`,
      prepare: (page) => page.getByText("could not be shown").first().waitFor(),
    },
  };
  for (const [state, { body, prepare }] of Object.entries(states)) {
    it(state, async () => {
      await using open = await stage.open(body, { head: schemed });
      const { page } = open;
      if (state === "loading") await page.waitForFunction(() => window.hand.created.length > 0);
      await prepare?.(page);
      for (const colorScheme of ["light", "dark"] as const) {
        await page.emulateMedia({ colorScheme });
        expect(await axeFindings(page), colorScheme).toEqual([]);
      }
      await page.emulateMedia({ forcedColors: "active" });
      expect(await axeFindings(page), "forced colours").toEqual([]);
    });
  }
});

/** What has the focus, as one word and its text. */
const focused = (page: Page): Promise<string> =>
  page.evaluate(() => {
    const active = document.querySelector("mner-qg")?.shadowRoot?.activeElement;
    const { entity, box, item } = (active as HTMLElement | null)?.dataset ?? {};
    const kind = entity ? "span" : box ? "box" : item ? "item" : active?.tagName.toLowerCase();
    return `${kind} ${active?.getAttribute("aria-label")?.split(",")[0] ?? active?.textContent?.trim().replace(/\s+/g, " ")}`;
  });

const litParts = (page: Page): Promise<string[]> =>
  page.evaluate(() =>
    [...document.querySelector("mner-qg")!.shadowRoot!.querySelectorAll(".lit")].map((element) => {
      const name =
        element.getAttribute("aria-label")?.split(",")[0] ?? (element.querySelector("bdi") ?? element).textContent;
      return `${element.classList[0]} ${name}`;
    }),
  );

/** Ids told by mner-select so far. */
const pins = (page: Page): Promise<unknown[]> =>
  page.evaluate(() =>
    window.heard.filter(([name]) => name === "mner-select").map(([, detail]) => (detail as { id: string | null }).id),
  );

describe("keys", () => {
  it("walk from span to box to next span, to the list and back, pin and let go", async () => {
    await using open = await stage.open(tag("list"));
    const { page } = open;
    await give(page, "collins");
    const press = async (...keys: string[]): Promise<string> => {
      for (const key of keys) await page.keyboard.press(key);
      return focused(page);
    };
    expect(await press("Tab")).toBe("span Eileen Collins");
    expect(await press("ArrowRight")).toBe("box Eileen Collins");
    expect(await litParts(page)).toEqual([
      "run Eileen Collins",
      "box Eileen Collins",
      "label Eileen Collins",
      "item Eileen Collins",
    ]);
    expect(await press("ArrowRight")).toBe("span Space Shuttle");
    expect(await press("ArrowRight", "ArrowRight", "ArrowDown")).toBe("box @NASA");
    expect(await press("ArrowRight")).toBe("box @NASA");
    expect(await press("ArrowLeft")).toBe("span @NASA");
    expect(await press("Home")).toBe("span Eileen Collins");
    expect(await press("End")).toBe("box @NASA");

    await press("Enter");
    expect(await pins(page)).toEqual(["63-68-ORG"]);
    await press("Escape");
    expect(await litParts(page)).toEqual([]);
    expect(await pins(page)).toEqual(["63-68-ORG", null]);

    // One tab stop for the walk, then switches and filters, then one for the list.
    expect(await press("Tab", "Tab", "Tab")).toBe("button Event, work or product 1");
    expect(await press("Tab")).toBe("button List");
    expect(await press("Tab")).toBe("button Why?");
    expect(await press("Tab")).toMatch(/^item Eileen Collins/);
    expect(await press("ArrowDown", "ArrowDown")).toMatch(/^item @NASA/);
    await press("Space");
    expect(await litParts(page)).toEqual(["run @NASA", "box @NASA", "label @NASA", "item @NASA"]);
    expect(await press("Shift+Tab", "Shift+Tab", "Shift+Tab", "Shift+Tab", "Shift+Tab", "Shift+Tab")).toBe("box @NASA");
    expect(open.faults).toEqual([]);
  });

  it("follow the writing direction", async () => {
    await using open = await stage.open("<mner-qg></mner-qg>");
    await give(open.page, "rightToLeft");
    await open.page.keyboard.press("Tab");
    await open.page.keyboard.press("ArrowLeft");
    expect(await focused(open.page)).toBe("span القاهرة");
  });

  it("show where they stand", async () => {
    await using open = await stage.open(tag());
    await give(open.page, "collins");
    await open.page.keyboard.press("Tab");
    const outline = await open.page.evaluate(() => {
      const chip = document.querySelector("mner-qg")!.shadowRoot!.activeElement!;
      return getComputedStyle(chip).outlineStyle;
    });
    expect(outline).toBe("solid");
  });
});

/** The middle of a stretch of text itself: its chips, which stand above it, are other targets. */
async function middle(page: Page, text: string): Promise<[number, number]> {
  return page.evaluate((wanted) => {
    const runs = [...document.querySelector("mner-qg")!.shadowRoot!.querySelectorAll(".run")];
    const rect = runs.find((run) => run.textContent === wanted)!.getClientRects()[0]!;
    return [rect.x + rect.width / 2, rect.y + Math.min(12, rect.height / 2)] as [number, number];
  }, text);
}

describe("pointing", () => {
  it("links names, boxes and list both ways, pins by a click and lets go by another", async () => {
    await using open = await stage.open(tag("list"));
    const { page } = open;
    await give(page, "collins");
    await page.mouse.move(...(await middle(page, "@NASA")));
    expect(await litParts(page)).toEqual(["run @NASA", "box @NASA", "label @NASA", "item @NASA"]);
    await page
      .locator(".box")
      .filter({ has: page.locator("rect") })
      .nth(1)
      .hover({ position: { x: 20, y: 30 } });
    expect(await litParts(page)).toContain("run Space Shuttle");
    await page.mouse.move(2, 2);
    expect(await litParts(page)).toEqual([]);

    await page.mouse.click(...(await middle(page, "@NASA")));
    await page.mouse.move(2, 2);
    expect(await litParts(page)).toContain("box @NASA");
    await page.mouse.click(...(await middle(page, "@NASA")));
    await page.mouse.move(2, 2);
    expect(await litParts(page)).toEqual([]);
  });

  it("hits the small box that lies on a large one", async () => {
    await using open = await stage.open(tag());
    const { page } = open;
    await give(page, "collins");
    const photo = (await page.locator(".frame").boundingBox())!;
    const scale = photo.width / 512;
    await page.mouse.move(photo.x + 170 * scale, photo.y + 390 * scale);
    expect(await litParts(page)).toContain("box @NASA");
  });

  it("goes through nested names click by click", async () => {
    await using open = await stage.open("<mner-qg></mner-qg>");
    const { page } = open;
    await give(page, "nested");
    for (let times = 0; times < 4; times++) await page.mouse.click(...(await middle(page, "New York")));
    expect(await pins(page)).toEqual(["4-12-LOC", "4-18-ORG", "4-30-OTHER", null]);
  });

  it("filters types, with counts", async () => {
    await using open = await stage.open(tag());
    const { page } = open;
    await give(page, "collins");
    const person = page.getByRole("button", { name: "Person 1" });
    await person.click();
    expect(await person.getAttribute("aria-pressed")).toBe("false");
    expect(await page.locator(".run").allTextContents()).toEqual(["Space Shuttle", "@NASA"]);
    expect(await page.locator(".box").count()).toBe(2);
    await person.click();
    expect(await page.locator(".box").count()).toBe(3);
  });
});

describe("what is said", () => {
  it("announces a result once, and not what was there from the beginning", async () => {
    await using open = await stage.open(tag('loading="eager"'));
    const { page } = open;
    const changes = await page.evaluate(async () => {
      const element = document.querySelector("mner-qg")!;
      const region = element.shadowRoot!.querySelector("[role=status]")!;
      const said: string[] = [];
      new MutationObserver(() => said.push(region.textContent ?? "")).observe(region, {
        childList: true,
        characterData: true,
        subtree: true,
      });
      while (window.hand.asked.length === 0) await new Promise((resolve) => setTimeout(resolve, 5));
      window.hand.asked[0]!.answer({
        ...window.examples.collins,
        text: window.hand.asked[0]!.request.text,
        entities: window.examples.collins.entities.slice(0, 1),
      });
      await new Promise((resolve) => setTimeout(resolve, 50));
      element.list = true;
      await element.updateComplete;
      element.select("0-14-PER");
      await element.updateComplete;
      return said;
    });
    expect(changes).toEqual(["1 name, in the photo."]);
  });

  it("is silent about given results until they change", async () => {
    await using open = await stage.open("");
    const said = await open.page.evaluate(async () => {
      const element = document.createElement("mner-qg");
      element.results = window.examples.collins;
      document.querySelector("main")!.append(element);
      await element.updateComplete;
      const region = element.shadowRoot!.querySelector("[role=status]")!;
      const first = region.textContent;
      element.results = window.examples.absent;
      await element.updateComplete;
      return [first, region.textContent];
    });
    // Without a photo on the tag the results' own word on the photo still stands.
    expect(said).toEqual(["", "2 names, none in the photo."]);
  });

  it("says plainly that a name is not in the photo", async () => {
    await using open = await stage.open(`<mner-qg list src="/examples/coffee.jpg" alt="Coffee"></mner-qg>`);
    const { page } = open;
    await give(page, "absent");
    expect(await page.getByRole("button", { name: "Ólafur, Person, not in the photo" }).count()).toBe(1);
    expect(await page.locator(".item .place").allTextContents()).toEqual(["not in the photo", "not in the photo"]);
    await page.mouse.move(...(await middle(page, "Reykjavík")));
    expect(await page.locator(".status .facts").textContent()).toBe("Place · named 95% · not in the photo");
  });

  it("speaks German and Chinese", async () => {
    await using open = await stage.open(`<mner-qg list></mner-qg>`);
    const { page } = open;
    await give(page, "absent");
    await page.evaluate(async () => {
      const element = document.querySelector("mner-qg")!;
      element.strings = window.translations.de;
      await element.updateComplete;
    });
    expect(await page.locator(".status").textContent()).toContain("2 Namen, keiner im Bild.");
    await page.evaluate(async () => {
      const element = document.querySelector("mner-qg")!;
      element.strings = window.translations.zh;
      await element.updateComplete;
    });
    expect(await page.locator(".status").textContent()).toContain("2 个名称，都不在照片中。");
  });
});
