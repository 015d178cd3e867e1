// Bundles the element, or a page's own script with it, into a folder that a test can serve.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "vite";
import { elementResolve, smallTemplates } from "../../scripts/vite/element-bundle.js";

const root = fileURLToPath(new URL("../..", import.meta.url));

export interface BuiltElement {
  readonly folder: string;
  remove(): void;
}

export interface BuildOptions {
  /** Bundles the engine, too. Tests of the element alone bring their own, and need not wait for this. */
  readonly engine?: boolean;
}

/** Entries by name of the file they become: `{ "mner-qg": "src/element/index.ts" }`. */
export async function buildElement(
  entries: Readonly<Record<string, string>>,
  options: BuildOptions = {},
): Promise<BuiltElement> {
  const folder = mkdtempSync(join(tmpdir(), "mner-qg-element-"));
  await build({
    root,
    configFile: false,
    logLevel: "error",
    publicDir: false,
    resolve: elementResolve,
    plugins: [smallTemplates()],
    build: {
      outDir: folder,
      emptyOutDir: false,
      target: "es2022",
      modulePreload: false,
      lib: {
        entry: Object.fromEntries(Object.entries(entries).map(([name, file]) => [name, join(root, file)])),
        formats: ["es"],
      },
      rollupOptions: {
        external: options.engine ? [] : [/create-analyzer\.js$/],
        output: { entryFileNames: "[name].js", chunkFileNames: "[name]-[hash].js", minify: true },
      },
    },
  });
  return { folder, remove: () => rmSync(folder, { recursive: true, force: true }) };
}
