// One box for each name: its own score, "one of these", shared places, own questions, and what each system looked at.
import type { Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { AnalysisResult } from "../../src/core/results.js";
import { axeFindings, give, type Stage, setStage } from "./support.js";

let stage: Stage;
beforeAll(async () => {
  stage = await setStage();
});
afterAll(() => stage.close());

const tag = (attributes = ""): string =>
  `<mner-qg src="/examples/astronaut.jpg" alt="An astronaut" ${attributes}></mner-qg>`;
const labels = (page: Page): Promise<string[]> =>
  page.locator(".label").evaluateAll((all) =>
    all
      .map((label) =>
        [...label.children]
          .filter(({ localName }) => localName !== "svg")
          .map((part) => part.textContent)
          .join(" "),
      )
      .sort(),
  );

describe("a box for each name", () => {
  it("is shown with its own score, broken where it is less likely than not", async () => {
    await using open = await stage.open(tag());
    const { page } = open;
    await give(page, "faint");
    expect(await labels(page)).toEqual(["Ada 38%"]);
    expect(await page.locator(".box.unsure .contour").evaluate((rect) => getComputedStyle(rect).strokeDasharray)).toBe(
      "10px, 7px",
    );
    expect(await page.getByRole("button", { name: "Ada, Person, box in the photo, 38%" }).count()).toBe(1);
    await page.locator(".chip").focus();
    await page.keyboard.press("Home");
    expect(await page.locator(".facts").textContent()).toBe("Person · named 96% · in the photo 38%");
    await give(page, "collins");
    expect(await page.locator(".box.unsure").count()).toBe(0);
  });

  it("may be one of two: both broken, both named, lit together, and counted", async () => {
    await using open = await stage.open(tag("list"));
    const { page } = open;
    await give(page, "either");
    expect(await labels(page)).toEqual(["Ada or Bob? 45%", "Ada or Bob? 48%", "Cleo 88%"]);
    expect(await page.locator(".box.unsure").count()).toBe(2);
    expect(await page.locator(".status").textContent()).toContain(
      "3 of 4 names in the photo, 2 may be either of two people.",
    );
    await page.keyboard.press("Tab");
    expect(await page.locator(".box.lit").count()).toBe(2);
    // From the name to the one, to the other, to the next name.
    const stops: string[] = [];
    for (let step = 0; step < 4; step++) {
      stops.push(
        await page.evaluate(() => {
          const active = document.querySelector("mner-qg")!.shadowRoot!.activeElement!;
          return active.getAttribute("aria-label")!;
        }),
      );
      await page.keyboard.press("ArrowRight");
    }
    expect(stops).toEqual([
      "Ada, Person, one of two places in the photo",
      "Ada or Bob, Person, one of two boxes in the photo, 48%".replace("Ada or Bob", "Ada or Bob?"),
      "Ada or Bob?, Person, one of two boxes in the photo, 45%",
      "Bob, Person, one of two places in the photo",
    ]);
    expect(await page.locator(".item .place").allTextContents()).toEqual([
      "one of two places in the photo 48%",
      "one of two places in the photo 45%",
      "in the photo 88%",
      "not in the photo",
    ]);
    expect(await axeFindings(page)).toEqual([]);
    const svg = await page.evaluate(() => document.querySelector("mner-qg")!.toSVG());
    expect(svg).toContain("Ada or Bob? 45%");
    expect(svg).toContain('stroke-dasharray="12 8"');
    const coco = await page.evaluate(() => document.querySelector("mner-qg")!.toCOCO());
    expect(coco.annotations).toHaveLength(3);
  });

  it("draws results of version 0.2 as before", async () => {
    await using open = await stage.open(tag());
    await give(open.page, "collins");
    expect(await labels(open.page)).toEqual(["@NASA 90%", "Eileen Collins 90%", "Space Shuttle 90%"]);
    expect(await open.page.locator(".status").textContent()).toContain("3 names, all in the photo.");
  });

  it("says that a photo seems to belong to something else", async () => {
    await using open = await stage.open(tag());
    await open.page.evaluate(async () => {
      const element = document.querySelector("mner-qg")!;
      element.results = { ...window.examples.absent, relatedness: 0.08 };
      await element.updateComplete;
    });
    expect(await open.page.locator(".status").textContent()).toContain("The photo seems to belong to something else.");
  });
});

describe("own questions", () => {
  it("are each answered, also where no name was found, and what they see has a box", async () => {
    await using open = await stage.open(`<mner-qg src="/examples/chelsea.jpg" alt="A cat"></mner-qg>`);
    const { page } = open;
    await give(page, "unnamed");
    const answers = await page.locator(".answers li").allTextContents();
    expect(answers.map((answer) => answer.trim())).toEqual([
      "Animal: none named, one in the photo",
      "Boat: none named, none in the photo",
    ]);
    expect(await labels(page)).toEqual(["Animal 82%"]);
    // The keyboard gets there, too.
    await page.keyboard.press("Tab");
    await page.keyboard.press("End");
    const active = page.locator("mner-qg").evaluate((element) => element.shadowRoot!.activeElement!.ariaLabel);
    expect(await active).toBe("Animal, not named, box in the photo, 82%");
    expect(await axeFindings(page)).toEqual([]);
  });
});

describe("why", () => {
  it("is fetched when it is opened, says one sentence a type, with two figures", async () => {
    await using open = await stage.open(tag());
    const { page } = open;
    const fetched: string[] = [];
    page.on("request", (request) => fetched.push(request.url()));
    await give(page, "collins");
    expect(fetched.filter((url) => /why/.test(url))).toEqual([]);
    await page.getByRole("button", { name: "Why?" }).click();
    await page.locator(".query").first().waitFor();
    expect(fetched.filter((url) => /why/.test(url))).toHaveLength(1);
    const words = (await page.locator(".query").first().textContent())!.replace(/\s+/g, " ").trim();
    expect(words).toBe("Person The text names one, and the photo shows it. named97% in the photo94%");
    expect(await page.locator(".query").count()).toBe(4);
    expect(
      await page
        .locator(".query .measure")
        .first()
        .evaluate((bar) => getComputedStyle(bar).display),
    ).toBe("grid");
    await page.locator(".veil").waitFor();
  });

  it("keeps quiet about what the machine computes on", async () => {
    await using open = await stage.open(tag("why"));
    await open.page.evaluate(async () => {
      const element = document.querySelector("mner-qg")!;
      const notices = [{ code: "backend-unavailable", message: "WebGPU is not there." }];
      element.results = { ...window.examples.collins, notices };
      await element.updateComplete;
    });
    await open.page.locator(".query").first().waitFor();
    expect(await open.page.locator(".notice").count()).toBe(0);
  });

  it.each([
    ["gate", ["Eileen Collins", "71%"]],
    ["heat", ["Eileen Collins", "@NASA"]],
    ["graph", ["Eileen Collins – 1 person: 61%"]],
    ["clues", ["a person in uniform", "31%", "a stadium"]],
    ["slots", ["Eileen Collins", "93%", "in the photo"]],
  ] as const)("draws evidence of the kind %s", async (kind, wanted) => {
    await using open = await stage.open(tag("why"), {
      head: "<style>:root{color-scheme:light dark}body{font-family:sans-serif;background:light-dark(#fff,#17181b);color:light-dark(#111,#eee)}</style>",
    });
    const { page } = open;
    await page.evaluate(async (name) => {
      const element = document.querySelector("mner-qg")!;
      element.results = window.examples.evidence[name];
      await element.updateComplete;
    }, kind);
    await page.locator(".evidence").waitFor();
    const words = (await page.locator(".evidence").textContent())!.replace(/\s+/g, " ");
    for (const word of wanted) expect(words).toContain(word);
    if (kind === "gate") expect(await page.locator(".picture").textContent()).toContain("The picture is a photo.");
    if (kind === "heat") expect(await page.locator(".veil").count()).toBe(1);
    const outlines = { gate: 0, heat: 0, graph: 3, clues: 0, slots: 0 }[kind];
    expect(await page.locator(".outlines rect").count()).toBe(outlines);
    for (const colorScheme of ["light", "dark"] as const) {
      await page.emulateMedia({ colorScheme });
      expect(await axeFindings(page), colorScheme).toEqual([]);
    }
    if (process.env.PICTURES)
      await page.locator("mner-qg").screenshot({ path: `${process.env.PICTURES}/why-${kind}.png` });
    expect(open.faults).toEqual([]);
  });
});

describe("a photo in the tag's own content", () => {
  const figure = `<mner-qg loading="eager"><figure><img src="/examples/coffee.jpg" alt="A cup of coffee" width="60" height="40"><figcaption>Photo: Rachel</figcaption></figure> Ada met Bob.</mner-qg>`;

  it("is read with its words for those who do not see it, and its caption", async () => {
    await using open = await stage.open(figure);
    const { page } = open;
    await page.waitForFunction(() => window.hand.asked.length === 1);
    const { text, image } = await page.evaluate(() => {
      const { text, image } = window.hand.asked[0]!.request;
      return { text, image: String(image) };
    });
    expect(text).toBe("Ada met Bob.");
    expect(new URL(image).pathname).toBe("/examples/coffee.jpg");
    expect(await page.locator("mner-qg").getByRole("img", { name: "A cup of coffee" }).isVisible()).toBe(true);
    expect(await page.locator(".caption").textContent()).toBe("Photo: Rachel");
    expect(await axeFindings(page)).toEqual([]);
    // The attribute wins.
    await page
      .locator("mner-qg")
      .evaluate((element: HTMLElement) => element.setAttribute("src", "/examples/china.jpg"));
    await page.locator('.frame > img[src="/examples/china.jpg"]').waitFor();
    expect(await page.locator(".caption").count()).toBe(0);
  });

  it("is what readers see without the script, and where it fails", async () => {
    const context = await stage.browser.newContext({ javaScriptEnabled: false });
    const page = await context.newPage();
    stage.pages.set("/figure.html", `<!doctype html><title>x</title>${figure}`);
    await page.goto(`${stage.served.origin}/figure.html`);
    expect(await page.getByRole("img", { name: "A cup of coffee" }).isVisible()).toBe(true);
    expect(await page.getByText("Ada met Bob.").isVisible()).toBe(true);
    await context.close();
  });

  it("is not taken from a picture of an emoji", async () => {
    await using open = await stage.open(
      `<mner-qg loading="eager">Ada <img alt="🌷" src="/examples/flower.jpg"> met Bob.</mner-qg>`,
    );
    await open.page.waitForFunction(() => window.hand.asked.length === 1);
    expect(await open.page.evaluate(() => window.hand.asked[0]!.request.image)).toBeNull();
  });
});

describe("languages", () => {
  it("follows the page: lang picks the strings that come with the package", async () => {
    await using open = await stage.open(`<div lang="de-AT"><mner-qg></mner-qg></div>`);
    const { page } = open;
    await give(page, "either");
    await page
      .locator(".status", { hasText: "3 von 4 Namen im Bild, 2 können eine von zwei Personen sein." })
      .waitFor();
    await page.evaluate(async () => {
      const element = document.querySelector("mner-qg")!;
      element.lang = "zh";
      element.requestUpdate();
    });
    await page.locator(".status", { hasText: "4 个名称，其中 3 个在照片中，2 个可能是两人之一。" }).waitFor();
    // Strings of the page's own win.
    await page.evaluate(() => {
      document.querySelector("mner-qg")!.strings = { list: "Own list" };
    });
    await page.getByRole("button", { name: "Own list" }).waitFor();
  });

  it.each([
    ["شارك محمد صلاح في المباراة", true],
    ["昨天在北京见到了李雷", true],
    ["東京でサッカーを見た", true],
    ["Приехали в Москву", true],
    ["Ada met Bob in 東京", false],
    ["Off to München with Zoë", false],
  ])("says where names may be missed: %s", async (text, said) => {
    await using open = await stage.open(`<mner-qg loading="eager"></mner-qg>`);
    const { page } = open;
    await page.evaluate((words) => {
      document.querySelector("mner-qg")!.text = words;
    }, text);
    await page.waitForFunction(() => window.hand.asked.length === 1);
    await page.evaluate(
      (words) => window.hand.asked[0]!.answer(window.stored(words, null, []) as AnalysisResult),
      text,
    );
    await page.getByText("No names found.").first().waitFor();
    expect(await page.getByText("The model was trained on English").count()).toBe(said ? 1 : 0);
  });
});

describe("the system", () => {
  it("is passed to the engine, and another one is another engine", async () => {
    await using open = await stage.open(`<mner-qg loading="eager" system="umt">Ada met Bob.</mner-qg>`);
    const { page } = open;
    await page.waitForFunction(() => window.hand.asked.length === 1);
    await page.evaluate(() => {
      document.querySelector("mner-qg")!.system = "mqspn";
    });
    await page.waitForFunction(() => window.hand.asked.length === 2);
    expect(await page.evaluate(() => window.hand.created.map(({ system }) => system))).toEqual(["umt", "mqspn"]);
  });
});
