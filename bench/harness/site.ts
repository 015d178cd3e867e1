// One Chromium and two servers of the same files: one whose pages are cross-origin isolated, and may use threads, and one
// whose pages are not.
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { Browser, BrowserContext, Page } from "playwright-core";
import type { OneWay } from "../../src/systems/mner-qg/config.js";
import { launchBrowser } from "../../test/support/browser.js";
import { type BuiltEngine, buildEngine } from "../../test/support/build-engine.js";
import { type Headers, type Served, serve } from "../../test/support/serve.js";
import { GRAPHS, ORT } from "./onnx.js";
import { COLD_PAGES } from "./pages.js";
import { ROOT } from "./root.js";

const ENTRIES = {
  product: "bench/pages/product.ts",
  network: "bench/pages/network.ts",
  onnx: "bench/pages/onnx.ts",
  tags: "bench/pages/tags.ts",
  health: "bench/pages/health.ts",
};

export type Entry = keyof typeof ENTRIES;

const ISOLATION: Headers = {
  "cross-origin-opener-policy": "same-origin",
  "cross-origin-embedder-policy": "require-corp",
};

/** Pages that wait for their turn must not be slowed down by the browser. */
const AWAKE = [
  "--disable-background-timer-throttling",
  "--disable-backgrounding-occluded-windows",
  "--disable-renderer-backgrounding",
];

export interface BenchPage {
  readonly page: Page;
  /** Calls a function that the page's entry exports. */
  call<T>(name: string, ...values: unknown[]): Promise<T>;
  close(): Promise<void>;
}

export interface Site {
  readonly browser: Browser;
  /** A page in a browser context of its own, and so in a process of its own. */
  open(entry: Entry, isolated: boolean): Promise<BenchPage>;
  context(): Promise<BrowserContext>;
  address(path: string, isolated: boolean): string;
  close(): Promise<void>;
}

const MODEL = join(ROOT, "dist/models/mner-qg-mini");
const manifest = () => JSON.parse(readFileSync(join(MODEL, "manifest.json"), "utf8"));

/** As the shipped model has it, or half of its layers. */
export function oneWaySetting(): OneWay {
  const { config } = manifest();
  return config.oneWay ?? { sharedLayers: Math.floor(config.text.layers / 2), sentenceStart: 16 };
}

/** The shipped weights, read one way; what they must say for the self-test is not known of them then. */
function oneWayManifest(): string {
  const shipped = manifest();
  if (shipped.config.oneWay) return JSON.stringify(shipped);
  return JSON.stringify({ ...shipped, config: { ...shipped.config, oneWay: oneWaySetting() }, selfTest: null });
}

/** `flags`: more for Chromium. */
export async function openSite(flags: readonly string[] = []): Promise<Site> {
  if (!existsSync(join(ROOT, "dist/index.js"))) throw new Error("There is nothing to measure. Run: npm run build");
  const built: BuiltEngine = await buildEngine(ENTRIES);
  const pages = new Map<string, string>(COLD_PAGES);
  for (const name of Object.keys(ENTRIES)) {
    const script = `<script type="module">import * as entry from "./${name}.js"; globalThis.entry = entry;</script>`;
    pages.set(`/${name}.html`, `<!doctype html><html lang="en"><meta charset="utf-8"><title>${name}</title>${script}`);
  }
  pages.set("/one-way/manifest.json", oneWayManifest());
  const start = (isolated: boolean): Promise<Served> =>
    serve({
      folders: {
        "/dist": join(ROOT, "dist"),
        "/one-way": MODEL,
        "/examples": join(ROOT, "public/examples"),
        "/ort": join(ORT, "dist"),
        "/models": GRAPHS,
        "": built.folder,
      },
      pages,
      headers: (path) => ({
        "cache-control": path.endsWith(".html") ? "no-store" : "public, max-age=3600",
        ...(path.endsWith(".onnx") ? { "content-type": "application/octet-stream" } : {}),
        ...(isolated ? ISOLATION : {}),
      }),
    });
  const [plain, isolated] = [await start(false), await start(true)];
  const browser = await launchBrowser([...AWAKE, ...flags]);
  const address = (path: string, apart: boolean): string => `${(apart ? isolated : plain).origin}${path}`;
  return {
    browser,
    address,
    context: () => browser.newContext(),
    async open(entry, apart) {
      const context = await browser.newContext();
      const page = await context.newPage();
      page.on("pageerror", (error) => console.error(`${entry}: ${error.message}`));
      await page.goto(address(`/${entry}.html`, apart));
      await page.waitForFunction("globalThis.entry !== undefined");
      return {
        page,
        call: (name, ...values) =>
          page.evaluate(
            ([which, given]) =>
              (globalThis as unknown as { entry: Record<string, (...all: unknown[]) => unknown> }).entry[
                which as string
              ]!(...(given as unknown[])),
            [name, values] as const,
          ) as Promise<never>,
        close: () => context.close(),
      };
    },
    async close() {
      await browser.close();
      await Promise.all([plain.close(), isolated.close()]);
      built.remove();
    },
  };
}
