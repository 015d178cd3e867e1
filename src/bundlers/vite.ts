// The plugin `mner-qg/vite`. The package's files find each other by their own addresses: the element its engine, the engine
// its worker, the worker its WebAssembly, all of them the model. A bundler that takes them apart breaks that, so this plugin
// leaves the package out of the bundle and puts its folder, as it was built and tested, beside the site's own scripts.
import { readdirSync, readFileSync } from "node:fs";
import { posix } from "node:path";
import { fileURLToPath } from "node:url";
import type { Plugin } from "vite";

declare const __MNER_QG_VERSION__: string;

const PACKAGE = "mner-qg";
/** What may be imported in a page, and the file it is. */
const ENTRIES: Readonly<Record<string, string>> = {
  [PACKAGE]: "index.js",
  ...Object.fromEntries(
    ["element", "react", "preact", "vue", "svelte"].map((name) => [`${PACKAGE}/${name}`, "mner-qg.js"]),
  ),
};
const FOLDERS = ["assets", "models"];
/** Stands in the bundle's imports until it is known where the importing chunk lies. */
const PLACEHOLDER = "mner-qg-file:";

export interface MnerQgPluginOptions {
  /** Take the model along, about 30 MB; `true` when absent. `false` for sites that only use models of their own. */
  readonly model?: boolean;
}

/** Add it to the `plugins` of vite.config: `import "mner-qg/element"` then works in development and in builds. */
export default function mnerQg(options: MnerQgPluginOptions = {}): Plugin {
  // A new version gets a new address: caches must never mix the files of two.
  let folder = "";
  return {
    name: "mner-qg",
    enforce: "pre",
    // Bundled ahead of time for development, files would lose their neighbours.
    config: () => ({ optimizeDeps: { exclude: [PACKAGE] } }),
    configResolved(config) {
      folder = posix.join(config.build.assetsDir, `${PACKAGE}-${__MNER_QG_VERSION__}`);
    },
    resolveId(source) {
      // Servers render the tag's own content: there the package stays what it is, and does nothing.
      const { mode, config } = this.environment;
      if (mode !== "build" || config.consumer !== "client" || !Object.hasOwn(ENTRIES, source)) return null;
      return { id: PLACEHOLDER + ENTRIES[source], external: true };
    },
    renderChunk(code, chunk) {
      if (!code.includes(PLACEHOLDER)) return null;
      const path = posix.relative(posix.dirname(chunk.fileName), folder);
      return { code: code.replaceAll(PLACEHOLDER, path.startsWith(".") ? `${path}/` : `./${path}/`), map: null };
    },
    generateBundle() {
      if (this.environment.config.consumer !== "client") return;
      // This file is in node/, one below the folder that pages load.
      const built = fileURLToPath(new URL("..", import.meta.url));
      const folders = FOLDERS.filter((name) => name !== "models" || options.model !== false);
      for (const path of [...new Set(Object.values(ENTRIES)), ...folders.flatMap((name) => filesIn(built, name))]) {
        this.emitFile({ type: "asset", fileName: posix.join(folder, path), source: readFileSync(built + path) });
      }
    },
  };
}

function filesIn(root: string, folder: string): string[] {
  return readdirSync(root + folder, { withFileTypes: true }).flatMap((entry) => {
    const path = `${folder}/${entry.name}`;
    return entry.isDirectory() ? filesIn(root, path) : [path];
  });
}
