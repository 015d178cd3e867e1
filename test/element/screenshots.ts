// Takes the pictures of the gallery: each section, both themes, a phone and a desktop (npm run pictures).
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { launchBrowser } from "../support/browser.js";
import { buildElement } from "../support/build-element.js";
import { serve } from "../support/serve.js";

const root = fileURLToPath(new URL("../..", import.meta.url));

export async function takeScreenshots(
  folder: string,
  only?: readonly string[],
  widths: readonly number[] = [360, 1280],
): Promise<string[]> {
  const built = await buildElement({ gallery: "test/element/gallery.ts" });
  const served = await serve({ folders: [built.folder, join(root, "test/element"), join(root, "public")] });
  const browser = await launchBrowser();
  const files: string[] = [];
  try {
    for (const colorScheme of ["light", "dark"] as const) {
      for (const width of widths) {
        const context = await browser.newContext({
          viewport: { width, height: 900 },
          colorScheme,
          reducedMotion: "reduce",
        });
        const page = await context.newPage();
        page.on("console", (message) => console.log(message.text()));
        page.on("pageerror", (error) => console.log(String(error)));
        await page.goto(`${served.origin}/gallery.html`);
        await page.waitForFunction(() => customElements.get("mner-qg") !== undefined);
        for (const section of await page.locator("section").all()) {
          const id = (await section.getAttribute("id")) ?? "";
          if (only && !only.includes(id)) continue;
          await section.scrollIntoViewIfNeeded();
          await page.waitForTimeout(250);
          const file = join(folder, `element-${id}-${colorScheme}-${width}.png`);
          await section.screenshot({ path: file });
          files.push(file);
        }
        await context.close();
      }
    }
  } finally {
    await browser.close();
    await served.close();
    built.remove();
  }
  return files;
}
