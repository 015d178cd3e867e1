// The text stays the text: in the page, in the clipboard, for whatever spans and characters come.
import fc from "fast-check";
import type { Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { give, type Stage, setStage } from "./support.js";

let stage: Stage;
beforeAll(async () => {
  stage = await setStage();
});
afterAll(() => stage.close());

/** Copies what is selected and reads the clipboard in both flavours. */
async function copied(page: Page): Promise<{ plain: string; html: string }> {
  await page.keyboard.press("ControlOrMeta+c");
  return page.evaluate(async () => {
    const [item] = await navigator.clipboard.read();
    const read = async (type: string): Promise<string> =>
      item?.types.includes(type) ? (await item.getType(type)).text() : "";
    return { plain: await read("text/plain"), html: await read("text/html") };
  });
}

const clipboard = { context: { permissions: ["clipboard-read", "clipboard-write"] } };

describe("the text in the page", () => {
  it("is the input, code unit by code unit, for any text and any spans", async () => {
    await using open = await stage.open("<mner-qg></mner-qg>");
    const texts = fc.sample(
      fc.oneof(
        fc.string({ unit: "binary", maxLength: 60 }),
        fc.string({ unit: "grapheme", maxLength: 60 }),
        fc.array(fc.integer({ min: 0, max: 0xffff }), { maxLength: 60 }).map((units) => String.fromCharCode(...units)),
      ),
      { numRuns: 250, seed: 7 },
    );
    const spans = fc.sample(fc.array(fc.tuple(fc.nat(70), fc.nat(70)), { maxLength: 8 }), { numRuns: 250, seed: 8 });
    // Lone surrogates do not survive the way into the page as text: they travel as numbers.
    const cases = texts.map((text, index) => ({
      units: Array.from({ length: text.length }, (_, at) => text.charCodeAt(at)),
      spans: spans[index]!,
    }));
    const wrong = await open.page.evaluate(async (given) => {
      const element = document.querySelector("mner-qg")!;
      const found: unknown[] = [];
      for (const { units, spans } of given) {
        const text = String.fromCharCode(...units);
        const entities = spans.map(([start, end]) => ({ start, end, type: "PER", score: 1, text: "", region: null }));
        element.results = { ...window.examples.collins, text, entities };
        await element.updateComplete;
        const paragraph = element.shadowRoot!.querySelector(".text")!;
        if (paragraph.textContent !== text) found.push({ units, shown: paragraph.textContent });
        const shown = [...paragraph.querySelectorAll(".run")].map((run) => run.textContent).join("");
        const covered = Array.from({ length: text.length }, (_, at) => at).filter((at) =>
          spans.some(([start, end]) => start! < end! && end! <= text.length && start! <= at && at < end!),
        );
        // Runs cover at least the given characters; they may be a little wider where a grapheme was cut.
        if (shown.length < covered.length) found.push({ units, spans });
      }
      return found;
    }, cases);
    expect(wrong).toEqual([]);
    expect(open.faults).toEqual([]);
  });

  it("stands still when results come: no line moves, whatever chips appear", async () => {
    await using open = await stage.open(
      `<mner-qg style="width: 300px">${"Ada Lovelace met Bob in Rome. ".repeat(6)}</mner-qg>`,
    );
    const moved = await open.page.evaluate(async () => {
      const element = document.querySelector("mner-qg")!;
      await element.updateComplete;
      const lines = (): string => {
        const paragraph = element.shadowRoot!.querySelector(".text")!;
        const walker = document.createTreeWalker(paragraph, NodeFilter.SHOW_TEXT);
        const tops: number[] = [];
        while (walker.nextNode()) {
          const node = walker.currentNode as Text;
          for (let at = 0; at < node.length; at++) {
            const range = document.createRange();
            range.setStart(node, at);
            range.setEnd(node, at + 1);
            tops.push(Math.round(range.getBoundingClientRect().left));
          }
        }
        return tops.join();
      };
      const before = lines();
      const text = element.shadowRoot!.querySelector(".text")!.textContent!;
      const names = ["Ada Lovelace", "Bob", "Rome"];
      element.results = window.stored(
        text,
        null,
        names.map((name) => ({ name, type: name === "Rome" ? "LOC" : "PER" })),
      );
      await element.updateComplete;
      return before === lines() ? [] : [before, lines()];
    });
    expect(moved).toEqual([]);
  });

  it("comes from the light DOM, as it was to be read without the script", async () => {
    await using open = await stage.open(
      `<mner-qg loading="manual">
         Ada  met
         <b>Bob</b>,<br>twice. <small slot="credit">Photo: nobody</small><script type="text/x">no</script>
       </mner-qg>`,
    );
    const text = open.page.locator(".text");
    expect(await text.textContent()).toBe("Ada met Bob,\ntwice.");
    await open.page.evaluate(async () => {
      const element = document.querySelector("mner-qg")!;
      element.querySelector("b")!.textContent = "Cleo";
      await new Promise((resolve) => setTimeout(resolve));
      await element.updateComplete;
    });
    expect(await text.textContent()).toBe("Ada met Cleo,\ntwice.");
    await open.page.evaluate(async () => {
      const element = document.querySelector("mner-qg")!;
      element.text = "By\nproperty";
      await element.updateComplete;
    });
    expect(await text.textContent()).toBe("By\nproperty");
  });

  it("is there without the script", async () => {
    const context = await stage.browser.newContext({ javaScriptEnabled: false });
    const page = await context.newPage();
    stage.pages.set("/plain.html", `<!doctype html><title>x</title><mner-qg>Ada met Bob.</mner-qg>`);
    await page.goto(`${stage.served.origin}/plain.html`);
    expect(await page.getByText("Ada met Bob.", { exact: true }).isVisible()).toBe(true);
    await context.close();
  });
});

describe("copying", () => {
  for (const example of ["collins", "nested", "rightToLeft"] as const) {
    it(`takes the text and nothing else (${example})`, async () => {
      await using open = await stage.open("<mner-qg list></mner-qg>", clipboard);
      const { page } = open;
      await give(page, example);
      const text = await page.evaluate(() => {
        const paragraph = document.querySelector("mner-qg")!.shadowRoot!.querySelector(".text")!;
        document.getSelection()!.selectAllChildren(paragraph);
        return paragraph.textContent;
      });
      const { plain, html } = await copied(page);
      expect(plain).toBe(text);
      expect(html).not.toMatch(/\b(PER|ORG|LOC|OTHER)\b.*</);
      expect(
        html
          .replace(/<[^>]*>/g, "")
          .replace(/\s+/g, " ")
          .trim(),
      ).toBe(text!.replace(/\s+/g, " ").trim());
    });
  }

  it("takes a dragged selection across a name", async () => {
    await using open = await stage.open("<mner-qg></mner-qg>", clipboard);
    const { page } = open;
    await give(page, "collins");
    const [from, to] = await page.evaluate(() => {
      const paragraph = document.querySelector("mner-qg")!.shadowRoot!.querySelector(".text")!;
      const at = (wanted: string): [number, number] => {
        const walker = document.createTreeWalker(paragraph, NodeFilter.SHOW_TEXT);
        while (walker.nextNode()) {
          const node = walker.currentNode as Text;
          const index = node.data.indexOf(wanted);
          if (index < 0) continue;
          const range = document.createRange();
          range.setStart(node, index);
          range.setEnd(node, index + wanted.length);
          const rect = range.getBoundingClientRect();
          return [rect.left, rect.top + rect.height / 2];
        }
        throw new Error(wanted);
      };
      return [at("first"), at("joined")];
    });
    await page.mouse.move(...from);
    await page.mouse.down();
    await page.mouse.move(...to, { steps: 8 });
    await page.mouse.up();
    const { plain } = await copied(page);
    expect(plain).toBe("first woman to command a Space Shuttle, ");
  });

  it("is not taken for a click on the name it ends in", async () => {
    await using open = await stage.open("<mner-qg></mner-qg>", clipboard);
    const { page } = open;
    await give(page, "collins");
    const rect = await page.evaluate(() => {
      const run = document.querySelector("mner-qg")!.shadowRoot!.querySelector(".run")!.getClientRects()[0]!;
      return { x: run.x, y: run.y + 12, width: run.width };
    });
    await page.mouse.move(rect.x + 2, rect.y);
    await page.mouse.down();
    await page.mouse.move(rect.x + rect.width - 2, rect.y, { steps: 8 });
    await page.mouse.up();
    expect((await copied(page)).plain).toBe("Eileen Collins");
    expect(await page.evaluate(() => window.heard.filter(([name]) => name === "mner-select"))).toEqual([]);
  });
});
