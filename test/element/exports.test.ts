// Exports in a page: what needs fonts, canvases and photos to be made. Formats as such are tested beside their sources.
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { give, type Stage, setStage } from "./support.js";

let stage: Stage;
beforeAll(async () => {
  stage = await setStage();
});
afterAll(() => stage.close());

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
    expect(out.words).toContain("@NASA 90%");
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
