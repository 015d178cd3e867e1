// The page in a reader's hands: everything that can be handed to it, by every way, and what can be chosen.
import { readFileSync } from "node:fs";
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { launchBrowser } from "../support/browser.js";
import { type BuiltSite, buildSite } from "./support/build-site.js";
import {
  answerTo,
  composer,
  hand,
  modelReady,
  type OpenedPage,
  openPage,
  PATIENCE,
  photo,
  shown,
} from "./support/page.js";
import { openSite, reportingHeaders, type Site } from "./support/site.js";

const tweet = "Ada Lovelace writes to Charles Babbage from London";

let built: BuiltSite;
let site: Site;
let browser: Browser;
let opened: OpenedPage;
let page: Page;

beforeAll(async () => {
  built = await buildSite({ tinyModel: "1.0.0" });
  site = await openSite(built.folder);
  browser = await launchBrowser(["--use-fake-device-for-media-stream", "--use-fake-ui-for-media-stream"]);
  opened = await openPage(browser, site.address, { permissions: ["camera", "clipboard-read", "clipboard-write"] });
  page = opened.page;
  await modelReady(page);
});

afterAll(async () => {
  await browser?.close();
  await site?.close();
  built?.remove();
});

describe("what comes in", () => {
  it("reads what is typed when the hand rests", async () => {
    await composer(page).fill(tweet);
    expect((await answerTo(page, tweet)).text).toBe(tweet);
  });

  it("does not mix one's own tweet with an example's photo, nor one's own photo with its words", async () => {
    const { page: other, context } = await openPage(browser, site.address, { serviceWorkers: "block" });
    await modelReady(other);
    await other.getByRole("button", { name: /^Take the photo .* away$/ }).waitFor();
    await composer(other).fill("Adele sings in Rome");
    expect((await answerTo(other, "Adele sings in Rome")).image).toBeNull();
    await expect.poll(() => other.url()).toContain("Adele");
    expect(other.url()).not.toContain("photo=");
    await other.getByRole("button", { name: "Pilot" }).click();
    await other.locator("result-panel mner-qg .box").first().waitFor();
    await hand(other, "paste", { text: "Bob in Oslo" });
    expect((await answerTo(other, "Bob in Oslo")).image).toBeNull();
    await other.getByRole("button", { name: "Pilot" }).click();
    await other.locator("result-panel mner-qg .box").first().waitFor();
    await hand(other, "drop", { files: { "coffee.jpg": photo("coffee.jpg") } });
    await other.getByRole("button", { name: "Take the photo coffee.jpg away" }).waitFor();
    expect(await composer(other).inputValue()).toBe("");
    await other.getByRole("img", { name: "coffee.jpg" }).first().waitFor();
    await context.close();
  });

  it("brings one's own photo back after a reload, until it is taken away", async () => {
    const { page: other, context } = await openPage(browser, site.address, { serviceWorkers: "block" });
    await hand(other, "drop", { text: "Ada in Rome", files: { "coffee.jpg": photo("coffee.jpg") } });
    await answerTo(other, "Ada in Rome");
    await expect.poll(() => other.url()).toContain("Rome");
    await other.reload();
    const away = other.getByRole("button", { name: "Take the photo coffee.jpg away" });
    await away.waitFor();
    expect(await composer(other).inputValue()).toBe("Ada in Rome");
    await away.click();
    await other.waitForTimeout(300);
    await other.reload();
    await modelReady(other);
    expect(await away.count()).toBe(0);
    // A photo that the device lost is told about.
    await hand(other, "drop", { files: { "coffee.jpg": photo("coffee.jpg") } });
    await away.waitFor();
    await other.waitForTimeout(300);
    await other.evaluate(
      () =>
        new Promise<void>((resolve) => {
          const open = indexedDB.open("mner-qg-draft");
          open.onsuccess = () => {
            const store = open.result.transaction("draft", "readwrite").objectStore("draft");
            store.delete("photo").onsuccess = () => resolve();
          };
        }),
    );
    await other.reload();
    await other.getByText("Your photo is gone").waitFor();
    await context.close();
  });

  it("says that a copied tweet leaves its photo behind, and that an address is no tweet", async () => {
    const html =
      '<div data-testid="tweetText"><span>Hello from Oslo</span></div><img src="https://pbs.twimg.com/media/abc.jpg">';
    await hand(page, "paste", { html, text: "Hello from Oslo" });
    await page.getByText("The tweet's photo did not come along").waitFor();
    await answerTo(page, "Hello from Oslo");
    await page.getByRole("button", { name: "Close this message" }).first().click();
    await hand(page, "paste", { text: "https://x.com/nasa/status/1" }, "tweet-composer textarea");
    await page.getByText("That is an address, not a tweet").waitFor();
    expect(await composer(page).inputValue()).toBe("Hello from Oslo");
    const close = page.getByRole("button", { name: "Close this message" });
    while ((await close.count()) > 0) await close.first().click();
  });

  it("takes a dropped photo, and a dropped tweet", async () => {
    await hand(page, "drop", { files: { "coffee.jpg": photo("coffee.jpg") } });
    await page.getByRole("button", { name: "Take the photo coffee.jpg away" }).waitFor();
    await expect
      .poll(async () => (await shown(page))?.image, { timeout: PATIENCE })
      .toEqual({ width: 600, height: 400 });
    await hand(page, "drop", { text: "Grace Hopper in New York" });
    await answerTo(page, "Grace Hopper in New York");
  });

  it("takes a pasted photo anywhere, and pasted text as a new tweet", async () => {
    await hand(page, "paste", { files: { "china.jpg": photo("china.jpg") } });
    await page.getByRole("img", { name: "china.jpg" }).first().waitFor();
    await hand(page, "paste", { text: "A new tweet about Paris" });
    await answerTo(page, "A new tweet about Paris");
  });

  it("reads a copied tweet with its emoji, and the code of an embedded one", async () => {
    const copied =
      '<div data-testid="tweetText"><span>Off to </span><a href="/Kew">@kewgardens</a><span> now </span><img alt="🌷" src="https://abs-0.twimg.com/emoji/v2/svg/1f337.svg"><span>\nSee you</span></div>';
    await hand(page, "paste", { html: copied, text: "Off to @kewgardens now \nSee you" });
    await answerTo(page, "Off to @kewgardens now 🌷\nSee you");
    const embed =
      '<blockquote class="twitter-tweet"><p lang="en" dir="ltr">Tea &amp; cake with <a href="https://t.co/x">@Ada</a><br>in Oxford <a href="https://t.co/y">pic.twitter.com/y1</a></p>&mdash; Somebody (@some) <a href="https://t.co/z">May 1</a></blockquote><script src="https://platform.example/widgets.js"></script>';
    await hand(page, "paste", { text: embed });
    await answerTo(page, "Tea & cake with @Ada\nin Oxford");
  });

  it("puts a copied tweet in at the caret when the text field has it", async () => {
    await composer(page).fill("Look: ");
    await composer(page).focus();
    await hand(
      page,
      "paste",
      { html: '<blockquote class="twitter-tweet"><p>Oslo</p></blockquote>', text: "Oslo" },
      "tweet-composer textarea",
    );
    await answerTo(page, "Look: Oslo");
  });

  it("stops what it is reading, and reads it when asked again", async () => {
    const release = site.hold((path) => path.includes("/models/"));
    const { page: other, context } = await openPage(browser, site.address, { serviceWorkers: "block" });
    await composer(other).fill(tweet);
    await other.getByRole("button", { name: "Stop" }).click();
    await other.locator("tweet-composer").getByRole("button", { name: "Find names" }).waitFor();
    release();
    await modelReady(other);
    expect(await shown(other)).toBeNull();
    await other.locator("tweet-composer").getByRole("button", { name: "Find names" }).click();
    await answerTo(other, tweet);
    await context.close();
  });

  it("keeps markup as text", async () => {
    const hostile = '<img src=x onerror="window.broken = true"><script>window.broken = true</script>';
    await composer(page).fill(hostile);
    await answerTo(page, hostile);
    expect(await page.evaluate(() => "broken" in window)).toBe(false);
  });

  it("says what it cannot use", async () => {
    await hand(page, "drop", { files: { "paper.pdf": { type: "application/pdf", bytes: new Uint8Array(4) } } });
    await page.getByText("“paper.pdf”: neither a photo nor a file of tweets.").waitFor();
    await page.getByRole("button", { name: "Close this message" }).first().click();
  });

  it("says what is wrong with a broken photo, and stays usable", async () => {
    await hand(page, "drop", {
      files: { "broken.jpg": { type: "image/jpeg", bytes: photo("coffee.jpg").bytes.slice(0, 2000) } },
    });
    await page.locator("result-panel mner-qg").getByText("The photo's file ends too early").first().waitFor();
    await page.getByRole("button", { name: "Take the photo broken.jpg away" }).click();
    await composer(page).fill("After the broken photo");
    expect((await answerTo(page, "After the broken photo")).image).toBeNull();
  });

  it("takes a photo with the camera", async () => {
    await page.getByRole("button", { name: "Take a photo" }).click();
    const dialog = page.getByRole("dialog", { name: "Take a photo" });
    await dialog.locator("video").waitFor();
    await expect
      .poll(() => dialog.locator("video").evaluate((video) => (video as HTMLVideoElement).videoWidth), {
        timeout: PATIENCE,
      })
      .toBeGreaterThan(0);
    await dialog.getByRole("button", { name: "Take photo" }).click();
    await page.getByRole("button", { name: "Take the photo camera.jpg away" }).waitFor();
    await expect.poll(async () => (await shown(page))?.image?.width ?? 0, { timeout: PATIENCE }).toBeGreaterThan(0);
    await page.getByRole("button", { name: "Take the photo camera.jpg away" }).click();
  });

  it("offers a file when there is no camera", async () => {
    const { page: other, context } = await openPage(browser, site.address, { permissions: [] });
    await other.addInitScript(() => Object.defineProperty(navigator, "mediaDevices", { value: undefined }));
    await other.reload();
    await other.getByRole("button", { name: "Take a photo" }).click();
    const dialog = other.getByRole("dialog");
    await dialog.getByText("The camera cannot be used here.").waitFor();
    const [chooser] = await Promise.all([
      other.waitForEvent("filechooser"),
      dialog.getByRole("button", { name: "Choose a photo" }).click(),
    ]);
    await chooser.setFiles({
      name: "picked.jpg",
      mimeType: "image/jpeg",
      buffer: Buffer.from(photo("coffee.jpg").bytes),
    });
    await other.getByRole("img", { name: "picked.jpg" }).first().waitFor();
    await context.close();
  });

  it("opens files that the system hands to the installed app", async () => {
    const { page: other, context } = await openPage(browser, "about:blank");
    await other.addInitScript(() => {
      const files = [new File(['{"text":"From a file"}\n{"text":"Another"}\n'], "tweets.jsonl")];
      const handles = files.map((file) => ({ getFile: async () => file }));
      Object.defineProperty(window, "launchQueue", {
        value: { setConsumer: (consume: (launch: unknown) => void) => setTimeout(() => consume({ files: handles })) },
      });
    });
    await other.goto(site.address);
    await other.getByRole("heading", { name: "tweets.jsonl" }).waitFor();
    await other.getByText("0 of 2 tweets").waitFor();
    await context.close();
  });

  it("takes what another app shares into it", async () => {
    await page.evaluate(() => navigator.serviceWorker.ready);
    const form = await page.evaluateHandle(async () => {
      const response = await fetch("examples/coffee.jpg");
      const form = document.createElement("form");
      form.method = "POST";
      form.action = "./share";
      form.enctype = "multipart/form-data";
      const field = (name: string, value: string): void => {
        const input = document.createElement("textarea");
        input.name = name;
        input.value = value;
        form.append(input);
      };
      field("title", "A title");
      field("text", "Shared from Oslo <b>");
      const files = new DataTransfer();
      files.items.add(new File([await response.blob()], "shared.jpg", { type: "image/jpeg" }));
      const input = document.createElement("input");
      input.type = "file";
      input.name = "photo";
      input.files = files.files;
      form.append(input);
      document.body.append(form);
      return form;
    });
    await Promise.all([
      page.waitForURL(/shared=|localhost:\d+\/(#.*)?$/),
      form.evaluate((element) => element.submit()),
    ]);
    await page.getByRole("button", { name: "Take the photo shared.jpg away" }).waitFor();
    const result = await answerTo(page, "Shared from Oslo <b>");
    expect(result.image).toEqual({ width: 600, height: 400 });
    expect(page.url()).not.toContain("shared=");
    // Handed over once: a reload does not bring it back, and nothing of it stays on the device.
    const left = await page.evaluate(async () => {
      const cache = await caches.open("mner-qg-inbox/1");
      return (await cache.keys()).length;
    });
    expect(left).toBe(0);
  });
});

const typesAsked = async (where: Page): Promise<string[]> =>
  (await shown(where))?.queries.map(({ type }) => type) ?? [];

describe("what can be chosen", () => {
  it("asks own questions", async () => {
    await composer(page).fill(tweet);
    await answerTo(page, tweet);
    await page.getByRole("button", { name: "Your own" }).click();
    await page.getByLabel("Name of the type").fill("PER");
    await page.getByLabel("What to look for").fill("names");
    await page.getByRole("button", { name: "Add", exact: true }).click();
    await page.getByText("There is a type called “PER” already.").waitFor();
    // In words that the tiny model knows: others it would have to spell.
    await page.getByLabel("Name of the type").fill("Ship");
    await page.getByRole("button", { name: "Add", exact: true }).click();
    await expect.poll(() => typesAsked(page), { timeout: PATIENCE }).toContain("Ship");
  });

  it("is sent along as a link that holds everything but the photo", async () => {
    await page.getByText("Save or share").click();
    await page.getByRole("button", { name: "Copy a link" }).click();
    const link = await page.evaluate(() => navigator.clipboard.readText());
    const fields = new URLSearchParams(new URL(link).hash.slice(1));
    expect(fields.get("text")).toBe(tweet);
    expect(fields.getAll("ask")).toEqual(["Ship: ship: names"]);
    expect(link).not.toMatch(/blob|jpg/);
    const { page: other, context } = await openPage(browser, link);
    const result = await answerTo(other, tweet);
    expect(result.queries.map(({ type }) => type)).toContain("Ship");
    await context.close();
    await page.getByRole("button", { name: "Remove Ship" }).click();
  });

  it("copies the picture, the answer, and the code for a page of one's own", async () => {
    await page.getByRole("button", { name: "Copy the JSON" }).click();
    await page.getByText("The answer is in the clipboard.").waitFor();
    const answer = JSON.parse(await page.evaluate(() => navigator.clipboard.readText()));
    expect(answer.text).toBe(tweet);
    expect(JSON.stringify(answer)).not.toContain('"cells"');
    await page.getByRole("button", { name: "Copy embed code" }).click();
    await page.getByText("The code for your page is in the clipboard.").waitFor();
    const code = await page.evaluate(() => navigator.clipboard.readText());
    expect(code).toContain(`<mner-qg>`);
    expect(code).toContain(tweet);
    await page.getByRole("button", { name: "Copy the picture" }).click();
    await page.getByText("The picture is in the clipboard.").waitFor();
    const types = await page.evaluate(async () => (await navigator.clipboard.read()).flatMap(({ types }) => types));
    expect(types).toEqual(["image/png"]);
  });

  it("changes the backend, says how long each stage took, and saves in every format", async () => {
    await page.getByText("Fine tuning").click();
    await page.getByLabel("Computes on").selectOption("cpu");
    await page.getByText("Ready on plain JavaScript").waitFor();
    await expect.poll(async () => (await shown(page))?.backend, { timeout: PATIENCE }).toBe("cpu");
    await page.locator("stage-times summary").click();
    await page.getByText("Asking the questions").waitFor();
    for (const [name, ending] of [
      ["JSON", "json"],
      ["CoNLL", "conll"],
      ["Web Annotation", "jsonld"],
      ["COCO", "coco.json"],
      ["SVG", "svg"],
      ["PNG", "png"],
    ] as const) {
      const [download] = await Promise.all([
        page.waitForEvent("download"),
        page.getByRole("button", { name, exact: true }).click(),
      ]);
      expect(download.suggestedFilename()).toBe(`mner-qg.${ending}`);
      expect(readFileSync(await download.path()).length, name).toBeGreaterThan(10);
    }
  });
});

describe("the policy", () => {
  it("was not broken by anything above, and nothing asked another host", () => {
    expect(site.violations).toEqual([]);
    expect(opened.errors.filter((error) => /Content Security|Trusted/.test(error))).toEqual([]);
  });

  it("holds without WebAssembly when another backend is chosen", async () => {
    site.serve(built.folder, reportingHeaders({ strict: true }));
    const {
      page: other,
      context,
      errors,
    } = await openPage(browser, `${site.address}#backend=cpu&text=Under+a+strict+policy`);
    expect((await answerTo(other, "Under a strict policy")).backend).toBe("cpu");
    expect(site.violations).toEqual([]);
    expect(errors).toEqual([]);
    await context.close();
    site.serve(built.folder);
  });
});
