// The demo page as it is served: what the shipped model finds in the first example, and a scored batch.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { chromium } from "playwright-core";
import { build } from "vite";
import { ensureBrowser } from "../ensure-browser.mjs";
import { createStaticServer, listen } from "../serve/static-server.mjs";

const PATIENCE = 120_000;
const sizes = [
  { width: 1280, height: 800 },
  { width: 360, height: 780 },
];

/** Returns the files it wrote. */
export async function takeDemo(root, folder) {
  const site = mkdtempSync(join(tmpdir(), "mner-qg-pictures-"));
  process.env.NODE_ENV = "production";
  await build({
    root,
    configFile: join(root, "vite.config.ts"),
    logLevel: "error",
    build: { outDir: site, emptyOutDir: true },
  });
  const server = createStaticServer({ root: site });
  const address = await listen(server, { port: 0 });
  const browser = await chromium.launch({ executablePath: ensureBrowser(), args: ["--no-sandbox"] });
  const files = [];
  const open = async (options) => {
    const page = await browser.newPage({ reducedMotion: "reduce", ...options });
    page.setDefaultTimeout(PATIENCE);
    // Chosen rather than found, so that no picture has a notice about what this machine lacks.
    await page.goto(`${address}#photo=astronaut&backend=wasm`);
    await page.locator("result-panel mner-qg .box").first().waitFor();
    await page.locator("stage-times").getByText("s").first().waitFor();
    await page.locator("model-status").getByText("Ready offline").waitFor();
    return page;
  };
  const take = async (page, name, options = {}) => {
    const path = join(folder, `${name}.png`);
    await page.mouse.move(0, 0);
    // Photos fade in.
    await page.waitForTimeout(1000);
    await page.screenshot({ path, ...options });
    files.push(path);
  };
  try {
    const first = await open({ viewport: sizes[0], colorScheme: "light", deviceScaleFactor: 1.5 });
    await take(first, "demo");
    await first.close();
    for (const viewport of sizes) {
      for (const colorScheme of ["light", "dark"]) {
        const page = await open({ viewport, colorScheme });
        await take(page, `demo-single-${colorScheme}-${viewport.width}`, { fullPage: true });
        await page.getByRole("link", { name: "Many tweets" }).click();
        await page.getByRole("button", { name: "Take the sample" }).click();
        await page.getByRole("button", { name: "Start" }).click();
        await page.getByText("8 of 8 tweets").waitFor();
        await page.evaluate(() => scrollTo(0, 0));
        await take(page, `demo-batch-${colorScheme}-${viewport.width}`, { fullPage: true });
        await page.close();
      }
    }
  } finally {
    await browser.close();
    server.close();
    rmSync(site, { recursive: true, force: true });
  }
  return files;
}
