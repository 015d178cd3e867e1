// From 320 pixels to 4K and on paper.
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { give, type Stage, setStage } from "./support.js";

let stage: Stage;
beforeAll(async () => {
  stage = await setStage();
});
afterAll(() => stage.close());

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

  it("is no wider than the grid it stands in, whatever is pointed at", async () => {
    await using open = await stage.open(
      `<div style="display: grid; inline-size: 200px"><mner-qg src="/examples/astronaut.jpg" alt="x" list></mner-qg></div>`,
    );
    await give(open.page, "collins");
    const widths = await open.page.evaluate(async () => {
      const element = document.querySelector("mner-qg")!;
      const out: number[] = [];
      for (const { start, end, type } of element.results!.entities) {
        element.select(`${start}-${end}-${type}`);
        await element.updateComplete;
        out.push(element.getBoundingClientRect().width);
      }
      return out;
    });
    expect(widths).toEqual([200, 200, 200]);
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
