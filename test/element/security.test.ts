// Whatever comes from outside stays text, under the strictest policies a page can have.
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type OpenPage, type Stage, setStage } from "./support.js";

let stage: Stage;
beforeAll(async () => {
  stage = await setStage();
});
afterAll(() => stage.close());

const strict = {
  "content-security-policy":
    "default-src 'self'; object-src 'none'; base-uri 'none'; require-trusted-types-for 'script'; trusted-types lit-html",
};

/** A page under the strict policy that takes down every violation. */
async function openStrict(body: string): Promise<OpenPage> {
  const open = await stage.open("", { headers: strict });
  await open.page.evaluate((markup) => {
    const reports: string[] = [];
    Object.assign(window, { reports });
    document.addEventListener("securitypolicyviolation", (event) => {
      reports.push(`${event.violatedDirective} ${event.blockedURI} ${event.sample}`);
    });
    // Parsed without a sink: Trusted Types are enforced for the test's own code, too.
    const host = document.querySelector("main")!;
    for (const [name, attributes] of markup as unknown as [string, Record<string, string>][]) {
      const element = document.createElement(name);
      for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
      host.append(element);
    }
  }, JSON.parse(body));
  return open;
}

const violations = (open: OpenPage): Promise<string[]> =>
  open.page.evaluate(() => (window as unknown as { reports: string[] }).reports);

describe("a strict Content-Security-Policy with Trusted Types", () => {
  it("is never violated, in any state", async () => {
    await using open = await openStrict(
      JSON.stringify([
        ["mner-qg", { src: "/examples/astronaut.jpg", alt: "An astronaut", list: "", why: "" }],
        ["mner-qg", { loading: "eager", text: "Ada met Bob.", src: "/examples/coffee.jpg" }],
        ["mner-qg", { loading: "manual", text: "Ada met Bob." }],
      ]),
    );
    const { page } = open;
    const drawn = await page.evaluate(async () => {
      const [first, second] = document.querySelectorAll("mner-qg");
      first!.results = window.examples.collins;
      await first!.updateComplete;
      while (window.hand.asked.length === 0) await new Promise((resolve) => setTimeout(resolve, 5));
      window.hand.progress({ fraction: 0.5 });
      await second!.updateComplete;
      window.hand.asked[0]!.fail("model-network", "No.");
      await new Promise((resolve) => setTimeout(resolve, 20));
      const blob = await (await fetch("/examples/chelsea.jpg")).blob();
      second!.image = blob;
      while (!second!.shadowRoot!.querySelector("canvas")) await new Promise((resolve) => setTimeout(resolve, 10));
      const png = await first!.toPNG();
      const svg = await first!.toSVG();
      const canvas = second!.shadowRoot!.querySelector("canvas");
      return [
        first!.shadowRoot!.querySelectorAll(".box").length,
        png.size > 10_000,
        svg.length > 10_000,
        canvas?.width,
      ];
    });
    expect(drawn).toEqual([3, true, true, 451]);
    await page.locator(".box").first().hover();
    await page.getByRole("button", { name: "Person 1" }).click();
    expect(await violations(open)).toEqual([]);
    expect(open.faults).toEqual([]);
  });

  it("has styles that really apply", async () => {
    await using open = await openStrict(JSON.stringify([["mner-qg", {}]]));
    const background = await open.page.evaluate(async () => {
      const element = document.querySelector("mner-qg")!;
      element.results = window.examples.nested;
      await element.updateComplete;
      return getComputedStyle(element.shadowRoot!.querySelector(".run")!).backgroundImage;
    });
    expect(background).toContain("repeating-linear-gradient");
  });
});

const hostile = [
  '<img src=x onerror="window.pwned=1">',
  '"><script>window.pwned=1</script>',
  "javascript:window.pwned=1",
  "{{constructor.constructor('window.pwned=1')()}}",
  "$" + "{window.pwned=1}",
  "</style><svg onload=window.pwned=1>",
  "\u202Egnp.exe\u202C",
];

describe("hostile text", () => {
  it("stays text, in the page and in every export", async () => {
    await using open = await stage.open("");
    const { page } = open;
    for (const words of hostile) {
      const out = await page.evaluate(async (given) => {
        const element = document.createElement("mner-qg");
        document.querySelector("main")!.append(element);
        element.alt = given;
        element.src = given.startsWith("javascript:") ? given : `/examples/astronaut.jpg?${encodeURIComponent(given)}`;
        element.lang = given;
        element.list = element.why = true;
        const text = `${given} met ${given}`;
        element.strings = { list: given, types: { [given]: given }, errors: { internal: given } };
        element.results = {
          ...window.examples.collins,
          text,
          entities: [
            {
              start: 0,
              end: given.length,
              text: given,
              type: given,
              score: 1,
              region: { box: [1, 1, 400, 400], score: 1 },
            },
            { start: given.length + 5, end: text.length, text: given, type: given, score: 1, region: null },
          ],
          queries: window.examples.collins.queries.map((query) => ({ ...query, type: given, query: given })),
          notices: [{ code: given, message: given }],
          model: { name: given, version: given },
        };
        await element.updateComplete;
        await new Promise((resolve) => setTimeout(resolve, 100));
        const root = element.shadowRoot!;
        element.select(`0-${given.length}-${given}`);
        await element.updateComplete;
        const svg = await element.toSVG();
        const parsed = new DOMParser().parseFromString(svg, "image/svg+xml");
        const allowed = new Set(["svg", "title", "rect", "line", "path", "text", "image"]);
        return {
          text: root.querySelector(".text")!.textContent === text,
          foreign: [...root.querySelectorAll("script,iframe,object,embed,a,[onerror],[onload]")].length,
          images: root.querySelectorAll("img").length,
          svgWrong: [...parsed.querySelectorAll("*")].filter(
            (node) => !allowed.has(node.localName) || [...node.attributes].some(({ name }) => name.startsWith("on")),
          ).length,
          svgHref: [...parsed.querySelectorAll("image")].map((node) => node.getAttribute("href")?.slice(0, 10)),
          json: JSON.parse(JSON.stringify(element)).text === text,
          annotation: JSON.stringify(await element.toWebAnnotation()).includes('"source":"javascript:'),
          coco: JSON.stringify(await element.toCOCO()).includes('"coco_url":"javascript:'),
          lines: (await element.toCoNLL()).split("\n").filter((line) => line !== "" && line.split("\t").length !== 2)
            .length,
          png: (await element.toPNG()).type,
          pwned: "pwned" in window,
        };
      }, words);
      expect(out, words).toEqual({
        text: true,
        foreign: 0,
        images: words.startsWith("javascript:") ? 0 : 1,
        svgWrong: 0,
        svgHref: words.startsWith("javascript:") ? [] : ["data:image"],
        json: true,
        annotation: false,
        coco: false,
        lines: 0,
        png: "image/png",
        pwned: false,
      });
    }
  });

  it("stays text in the light DOM and in errors", async () => {
    await using open = await stage.open(
      `<mner-qg loading="manual">&lt;img src=x onerror="window.pwned=1"&gt; met Ada</mner-qg>`,
    );
    const shown = await open.page.evaluate(async () => {
      const element = document.querySelector("mner-qg")!;
      window.hand.failing = "internal";
      element.strings = { errors: { internal: "<script>window.pwned=1</script>" } };
      await element.analyze().catch(() => {});
      await element.updateComplete;
      const root = element.shadowRoot!;
      return [root.querySelector(".text")!.textContent, root.querySelector(".error p")!.textContent, "pwned" in window];
    });
    expect(shown).toEqual(['<img src=x onerror="window.pwned=1"> met Ada', "<script>window.pwned=1</script>", false]);
  });
});

describe("surroundings", () => {
  it("does no harm when the script comes twice", async () => {
    const second = await setStage();
    await using open = await stage.open(
      `<mner-qg>Ada</mner-qg><script type="module" src="${second.served.origin}/fixture.js"></script>`,
    );
    await open.page.waitForFunction(
      () => performance.getEntriesByType("resource").filter(({ name }) => name.endsWith("fixture.js")).length === 2,
    );
    const drawn = await open.page.evaluate(async () => {
      const element = document.querySelector("mner-qg")!;
      element.results = window.examples.collins;
      await element.updateComplete;
      return element.shadowRoot!.querySelectorAll(".run").length;
    });
    expect(drawn).toBe(3);
    expect(open.faults).toEqual([]);
    await second.close();
  });

  it("works inside a shadow root, and its events come out", async () => {
    await using open = await stage.open(`<div id="host"></div>`);
    const heard = await open.page.evaluate(async () => {
      const shadow = document.querySelector("#host")!.attachShadow({ mode: "open" });
      const element = document.createElement("mner-qg");
      element.results = window.examples.collins;
      shadow.append(element);
      await element.updateComplete;
      element.select("0-14-PER");
      await element.updateComplete;
      return window.heard.map(([name]) => name);
    });
    expect(heard).toEqual(["mner-select"]);
  });

  it("works in a frame with sandbox=allow-scripts", async () => {
    stage.pages.set(
      "/framed.html",
      `<!doctype html><meta charset="utf-8"><title>x</title><script type="module" src="/fixture.js"></script><mner-qg loading="eager">Ada met Bob.</mner-qg><script type="module">
        while (window.hand.asked.length === 0) await new Promise((resolve) => setTimeout(resolve, 5));
        window.hand.asked[0].answer({ ...window.examples.nested, text: "Ada met Bob.", entities: [{ start: 0, end: 3, text: "Ada", type: "PER", score: 1, region: null }] });
        await new Promise((resolve) => setTimeout(resolve, 50));
        parent.postMessage(document.querySelector("mner-qg").shadowRoot.querySelector(".status").textContent.trim(), "*");
      </script>`,
    );
    await using open = await stage.open("");
    const said = await open.page.evaluate(
      () =>
        new Promise((resolve) => {
          addEventListener("message", ({ data }) => resolve(data), { once: true });
          const frame = document.createElement("iframe");
          frame.sandbox.value = "allow-scripts";
          frame.src = "/framed.html";
          document.body.append(frame);
        }),
    );
    expect(said).toBe("1 name");
  });
});
