// Takes the pictures of the documents from the real thing: `npm run build`, then this. The results are committed.
import { mkdirSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { chromium } from "playwright-core";
import sharp from "sharp";
import { ensureBrowser } from "./ensure-browser.mjs";
import { createStaticServer, listen } from "./serve/static-server.mjs";

const root = fileURLToPath(new URL("..", import.meta.url));
const out = `${root}docs/images/`;

const server = createStaticServer({ root: `${root}dist/app` });
const address = await listen(server, { port: 4190 });
const browser = await chromium.launch({ executablePath: ensureBrowser(), args: ["--no-sandbox"] });
try {
  const page = await browser.newPage({
    viewport: { width: 1280, height: 800 },
    deviceScaleFactor: 1.5,
    colorScheme: "light",
    reducedMotion: "reduce",
  });
  await page.goto(address);
  const tag = page.locator("mner-qg").first();
  await tag.waitFor();
  // What is shown first was stored with the page; the picture is to show what the model finds. Choosing what to compute on
  // asks it, and spares the picture a notice about what this machine lacks.
  const found = tag.evaluate((element) => new Promise((resolve) => element.addEventListener("mner-result", resolve)));
  await page.locator("#backend").evaluate((select) => {
    select.value = "wasm";
    select.dispatchEvent(new Event("change", { bubbles: true }));
  });
  await found;
  await page.mouse.move(0, 0);
  await page.waitForTimeout(1000);
  const picture = await page.screenshot();
  mkdirSync(out, { recursive: true });
  await sharp(picture).png({ palette: true, quality: 90, compressionLevel: 9 }).toFile(`${out}demo.png`);
} finally {
  await browser.close();
  server.close();
}
