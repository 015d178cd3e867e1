// A site for tests of the engine in Chromium: the bundle, a page that imports it, model folders and fixtures.
import type { Browser, Page } from "playwright-core";
import { launchBrowser } from "./browser.js";
import { type BuiltEngine, buildEngine } from "./build-engine.js";
import { FIXTURES } from "./golden.js";
import { type Headers, type Served, serve } from "./serve.js";

/** WebGPU and WebGL by software, which Chromium only offers when told to. */
const SOFTWARE_GPU = [
  "--enable-unsafe-webgpu",
  "--use-webgpu-adapter=swiftshader",
  "--enable-features=Vulkan,WebGPU",
  "--use-gl=angle",
  "--use-angle=swiftshader",
  "--enable-unsafe-swiftshader",
  "--ignore-gpu-blocklist",
];

export const ISOLATED: Headers = {
  "cross-origin-opener-policy": "same-origin",
  "cross-origin-embedder-policy": "require-corp",
};

export interface EngineSite {
  readonly origin: string;
  readonly browser: Browser;
  readonly folder: string;
  /** The sources in each script, by its path in the folder. */
  readonly modules: ReadonlyMap<string, readonly string[]>;
  readonly requests: string[];
  /** By path; may be added to. */
  readonly pages: Map<string, string>;
  /** A page whose `entry` module stands in `globalThis.entry`. */
  open(entry: string, path?: string): Promise<Page>;
  close(): Promise<void>;
}

export interface SiteOptions {
  readonly entries: Readonly<Record<string, string>>;
  readonly folders?: Readonly<Record<string, string>>;
  readonly headers?: Headers | ((path: string) => Headers);
  readonly gpu?: boolean;
  /** More flags for Chromium. */
  readonly flags?: readonly string[];
}

export async function openSite(options: SiteOptions): Promise<EngineSite> {
  const built: BuiltEngine = await buildEngine(options.entries);
  const pages = new Map<string, string>();
  for (const name of Object.keys(options.entries)) {
    pages.set(`/${name}-main.js`, `import * as entry from "./${name}.js"; globalThis.entry = entry;`);
    pages.set(
      `/${name}.html`,
      `<!doctype html><html lang="en"><meta charset="utf-8"><title>${name}</title><script type="module" src="./${name}-main.js"></script>`,
    );
  }
  const served: Served = await serve({
    folders: { "/fixtures": FIXTURES, ...options.folders, "": built.folder },
    pages,
    headers: (path) => ({
      ...(path.endsWith(".js") ? { "content-type": "text/javascript; charset=utf-8" } : {}),
      ...(typeof options.headers === "function" ? options.headers(path) : options.headers),
    }),
  });
  const browser = await launchBrowser([...(options.gpu ? SOFTWARE_GPU : []), ...(options.flags ?? [])]);
  return {
    origin: served.origin,
    browser,
    folder: built.folder,
    modules: built.modules,
    requests: served.requests,
    pages,
    async open(entry, path = `/${entry}.html`) {
      const page = await browser.newPage();
      page.on("console", (message) => {
        if (process.env.SHOW_CONSOLE) console.log(`[${message.type()}] ${message.text()}`);
      });
      await page.goto(`${served.origin}${path}`);
      await page.waitForFunction("globalThis.entry !== undefined");
      return page;
    },
    async close() {
      await browser.close();
      await served.close();
      built.remove();
    },
  };
}
