// Bundles the engine, or a test's own script over it, as it is shipped, into a folder that a test can serve.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { build, type Plugin } from "vite";
import { tensorflowParts } from "../../scripts/vite/tensorflow-parts.js";
import { transformersStubs } from "../../scripts/vite/transformers-stubs.js";
import { workerEntry } from "../../scripts/vite/worker-entry.js";

const root = fileURLToPath(new URL("../..", import.meta.url));

export interface BuiltEngine {
  readonly folder: string;
  /** The sources in each script of the bundle, by its path in the folder. */
  readonly modules: ReadonlyMap<string, readonly string[]>;
  remove(): void;
}

/** Entries by name of the file they become: `{ "page": "test/engine/page.ts" }`. */
export async function buildEngine(entries: Readonly<Record<string, string>>): Promise<BuiltEngine> {
  const folder = mkdtempSync(join(tmpdir(), "mner-qg-engine-"));
  const modules = new Map<string, readonly string[]>();
  const listing: Plugin = {
    name: "mner-qg:list-modules",
    generateBundle(_, bundle) {
      for (const file of Object.values(bundle)) if (file.type === "chunk") modules.set(file.fileName, file.moduleIds);
    },
  };
  await build({
    root,
    base: "./",
    configFile: false,
    logLevel: "error",
    publicDir: false,
    plugins: [tensorflowParts(), transformersStubs(), workerEntry("src/engine/worker.ts"), listing],
    build: {
      outDir: folder,
      emptyOutDir: false,
      target: "es2022",
      minify: true,
      modulePreload: false,
      assetsInlineLimit: 0,
      rollupOptions: {
        input: Object.fromEntries(Object.entries(entries).map(([name, file]) => [name, join(root, file)])),
        preserveEntrySignatures: "strict",
        output: { entryFileNames: "[name].js", chunkFileNames: "assets/[name]-[hash].js" },
      },
    },
  });
  return { folder, modules, remove: () => rmSync(folder, { recursive: true, force: true }) };
}
