// The built page under its policy, in the hands of an attacker: what goes in stays text, nothing goes out, and little stays.
import { readFileSync } from "node:fs";
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect } from "vitest";
import { type BuiltSite, buildSite } from "../../app/support/build-site.js";
import { answerTo, composer, hand, modelReady, openPage, photo, shown } from "../../app/support/page.js";
import { openSite, type Site } from "../../app/support/site.js";
import { launchBrowser } from "../../support/browser.js";
import { effort } from "../support/effort.js";
import { attempts } from "../support/ledger.js";
import { type RecordingProxy, startProxy } from "../support/recording-proxy.js";
import { hostileTexts } from "../support/xss-corpus.js";

const attempt = attempts("5 security");
/** Line ends make other texts of one: those have their place in the batch. */
const singles = hostileTexts.filter((text) => !/\p{Cc}/u.test(text) && text.isWellFormed());
/** One at a time takes long; several at once are as hostile. */
const groups = effort.long
  ? singles
  : Array.from({ length: 6 }, (_, group) => singles.filter((_text, index) => index % 6 === group).join(" "));
let built: BuiltSite;
let site: Site;
let proxy: RecordingProxy;
let browser: Browser;
let page: Page;
let errors: string[];
const dialogs: string[] = [];

beforeAll(async () => {
  built = await buildSite({ tinyModel: "1.0.0" });
  site = await openSite(built.folder);
  proxy = await startProxy();
  browser = await launchBrowser(proxy.flags);
  ({ page, errors } = await openPage(browser, site.address));
  page.on("dialog", async (dialog) => {
    dialogs.push(dialog.message());
    await dialog.dismiss();
  });
  await modelReady(page);
});

afterAll(async () => {
  await browser?.close();
  await proxy?.close();
  await site?.close();
  built?.remove();
});

/** What must hold whatever was put in. */
async function expectInert(): Promise<void> {
  const found = await page.evaluate(() => {
    const wrong: string[] = [];
    const look = (root: ParentNode): void => {
      for (const element of root.querySelectorAll("*")) {
        if (/^(?:iframe|object|embed|base|foreignobject|animate|math|form)$/i.test(element.localName)) {
          if (element.localName !== "form") wrong.push(element.outerHTML.slice(0, 80));
        }
        for (const { name, value } of element.attributes) {
          if (
            /^on/i.test(name) ||
            /^\s*(?:javascript|vbscript):/i.test(value) ||
            value.includes("attacker.invalid/x")
          ) {
            // Words to be read aloud are no addresses.
            if (!/^(?:aria-|alt$|title$|value$|placeholder$|lang$)/.test(name))
              wrong.push(`${name}=${value.slice(0, 80)}`);
          }
        }
        if (element.shadowRoot) look(element.shadowRoot);
      }
    };
    look(document);
    return { wrong, pwned: "pwned" in window, polluted: "polluted" in {} };
  });
  expect(found).toEqual({ wrong: [], pwned: false, polluted: false });
  expect(dialogs).toEqual([]);
  expect(site.violations).toEqual([]);
}

/** The cells of a CSV file, read by the letter of the standard: quotes doubled, line ends within quotes. */
function cellsOf(csv: string): string[][] {
  const records = csv.match(/(?:"(?:[^"]|"")*"|[^"\n])+\n/g) ?? [];
  return records.map((record) => record.slice(0, -1).match(/(?:^|,)(?:"(?:[^"]|"")*"|[^",]*)/g) ?? []);
}

describe("the built page", () => {
  attempt("its policy is enforced", async () => {
    const blocked = await page.evaluate(() => {
      const tries: Record<string, () => unknown> = {
        markup: () => {
          document.createElement("div").innerHTML = "<b>x</b>";
        },
        script: () => {
          document.createElement("script").src = "/x.js";
        },
      };
      return Object.entries(tries).filter(([, work]) => {
        try {
          work();
          return false;
        } catch {
          return true;
        }
      }).length;
    });
    expect(blocked).toBe(2);
    // These were the test's own.
    await expect.poll(() => site.violations.length).toBe(2);
    site.violations.length = 0;
    errors.length = 0;
    return { tries: 2, outcome: "markup and script addresses are refused" };
  });

  attempt("hostile texts: typed", async () => {
    for (const text of groups) {
      await composer(page).fill(text);
      expect((await answerTo(page, text)).text).toBe(text);
      await expectInert();
    }
    return { tries: singles.length, outcome: "drawn as text, answered" };
  });

  attempt("hostile texts: in a link, as text and as questions", async () => {
    for (const [index, text] of groups.slice(0, effort.long ? 60 : 3).entries()) {
      const fields = new URLSearchParams({ text });
      // The tiny model has room for short questions only.
      fields.append("ask", `${singles[index]!.slice(0, 40)}: names`);
      await page.goto("about:blank");
      await page.goto(`${site.address}#${fields}`);
      await modelReady(page);
      await answerTo(page, text);
      await expectInert();
    }
    return { tries: Math.min(groups.length, effort.long ? 60 : 3), outcome: "drawn as text, answered" };
  });

  attempt("hostile texts: pasted as markup, and as names of files", async () => {
    for (const text of groups.slice(0, 4)) {
      await hand(page, "paste", { html: text, text: "Ada in Oslo" });
      await hand(page, "drop", { files: { [`${text.slice(0, 60).replaceAll("/", "_")}.jpg`]: photo("coffee.jpg") } });
      await hand(page, "drop", { files: { [`${text.slice(0, 60)}.exe`]: { type: "x/y", bytes: new Uint8Array(9) } } });
      await page.waitForTimeout(200);
      await expectInert();
    }
    return { tries: 12, outcome: "drawn as text" };
  });

  attempt("hostile texts: in a batch, into every file that is saved", async () => {
    await page.goto("about:blank");
    await page.goto(`${site.address}#view=batch`);
    await modelReady(page);
    const lines = hostileTexts.map((text, index) =>
      JSON.stringify({ id: text, text: `${text} ${index}`, image: text }),
    );
    const polluting = '{"text":"Ada","__proto__":{"polluted":1},"constructor":{"prototype":{"polluted":1}}}';
    const bytes = new TextEncoder().encode([...lines, polluting].join("\n"));
    await hand(page, "drop", { files: { "<b>x</b>.jsonl": { type: "application/x-ndjson", bytes } } });
    await page.locator("batch-table tbody tr[data-row]").first().waitFor();
    await page.getByRole("button", { name: "Start", exact: true }).click();
    await page.getByText(`${lines.length + 1} of ${lines.length + 1} tweets`).waitFor();
    await expectInert();
    const save = async (name: string): Promise<string> => {
      const [download] = await Promise.all([
        page.waitForEvent("download"),
        page.getByRole("button", { name, exact: true }).click(),
      ]);
      return readFileSync(await download.path(), "utf8");
    };
    const saved = (await save("JSON lines")).trim().split("\n");
    expect(saved.map((line) => JSON.parse(line).text).slice(0, 3)).toEqual(
      hostileTexts.slice(0, 3).map((text, index) => `${text} ${index}`),
    );
    for (const cells of cellsOf(await save("CSV"))) expect(cells).toHaveLength(12);
    for (const line of (await save("CoNLL")).split("\n")) expect(line).toMatch(/^$|^[^\t]+\t\S+$|^IMGID:/);
    return { tries: lines.length + 1, outcome: "drawn as text; JSON lines, CSV and CoNLL well-formed" };
  });

  attempt("messages from strangers", async () => {
    await page.goto("about:blank");
    await page.goto(site.address);
    await modelReady(page);
    const words = [
      ...["take-over", "which-script", "check", "tidy", "knows"].map((kind) => ({ kind, script: "x" })),
      ...["start", "analyze", "abort", "result", "failed"].map((type) => ({ type, id: 0, result: { text: "pwned" } })),
      ...[null, 0, "take-over", [], { __proto__: { kind: "take-over" } }],
    ];
    const before = await shown(page);
    await page.evaluate((given) => {
      // A frame's own window is another source, as a stranger's would be.
      const frame = document.createElement("iframe");
      document.body.append(frame);
      const Stranger = (frame.contentWindow as unknown as { MessageChannel: typeof MessageChannel }).MessageChannel;
      for (const word of given) {
        window.postMessage(word, "*", [new Stranger().port1]);
        navigator.serviceWorker.controller?.postMessage(typeof word === "object" ? { ...word, kind: "" } : word);
      }
      frame.remove();
    }, words);
    await page.waitForTimeout(500);
    expect(await shown(page)).toEqual(before);
    await composer(page).fill("Ada in Oslo");
    await answerTo(page, "Ada in Oslo");
    await expectInert();
    return { tries: 2 * words.length, outcome: "ignored" };
  });

  attempt("settings that somebody else wrote", async () => {
    await page.evaluate(() =>
      localStorage.setItem("mner-qg-settings", '{"__proto__":{"polluted":1},"theme":"<b>","backend":"x"}'),
    );
    await page.reload();
    await modelReady(page);
    await expectInert();
    return { outcome: "the usual ones are taken" };
  });

  attempt("what is kept on the device", async () => {
    const kept = await page.evaluate(async () => ({
      caches: (await caches.keys()).map((name) => name.split(/[ /]/)[0]),
      databases: (await indexedDB.databases()).map(({ name }) => name).sort(),
      local: Object.keys(localStorage),
      session: Object.keys(sessionStorage),
      cookies: document.cookie,
    }));
    expect(await page.context().cookies()).toEqual([]);
    expect([...new Set(kept.caches)].sort()).toEqual(["mner-qg-app", "mner-qg-kernels", "mner-qg-model"]);
    for (const name of kept.databases) expect(["mner-qg-batch", "mner-qg-draft"]).toContain(name);
    expect([kept.local, kept.session, kept.cookies]).toEqual([["mner-qg-settings"], [], ""]);
    return { outcome: "the app, the model, which kernels are faster here, settings, the batch and the draft in hand" };
  });

  attempt("nothing was asked of any other host, by page, worker or service worker", async () => {
    // Chromium itself asks its maker, whatever page is open.
    expect(proxy.asked.filter((host) => !/googleapis|google\.com|gvt1/.test(host))).toEqual([]);
    // The proxy would have seen it.
    const stranger = await browser.newPage();
    await stranger.goto("about:blank");
    await stranger.evaluate(() => fetch("http://attacker.invalid/x", { mode: "no-cors" }).catch(() => {}));
    expect(proxy.asked).toContain("attacker.invalid");
    return { outcome: "nothing (seen by a proxy all connections take)" };
  });
});
