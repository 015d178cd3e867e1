// The photo of a tag: however it is given, sized and late, boxes lie on it; what cannot be shown is said.
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { give, namesHeard, root, type Stage, setStage, waitForAsk } from "./support.js";

let stage: Stage;
beforeAll(async () => {
  stage = await setStage();
});
afterAll(() => stage.close());

describe("the photo", () => {
  it("of a server that forbids reading leaves names without boxes, and says why", async () => {
    await using open = await stage.open(
      `<mner-qg loading="eager" src="/examples/coffee.jpg" alt="x">Ada met Bob.</mner-qg>`,
    );
    const { page } = open;
    await waitForAsk(page);
    // The engine finds the names all the same, and says what was wrong with the photo.
    await page.evaluate(() => {
      const notices = [{ code: "image-cross-origin", message: "Serve the photo with CORS." }];
      window.hand.asked[0]!.answer(window.stored("Ada met Bob.", null, [{ name: "Ada", type: "PER" }], notices));
    });
    await page.locator(".notice", { hasText: "Serve the photo with CORS." }).waitFor();
    expect(await page.locator(".run").allTextContents()).toEqual(["Ada"]);
    expect(await namesHeard(page)).toEqual(["mner-ready", "mner-error", "mner-result"]);
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
