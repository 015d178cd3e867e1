// Bundles the element, or a page's own script with it, into a folder that a test can serve.
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "vite";
import { elementResolve, smallStyles } from "../../scripts/vite/element-bundle.js";

const root = fileURLToPath(new URL("../..", import.meta.url));

export interface BuiltElement {
  readonly folder: string;
  remove(): void;
}

/** Entries by name of the file they become: `{ "mner-qg": "src/element/index.ts" }`. */
export async function buildElement(entries: Readonly<Record<string, string>>): Promise<BuiltElement> {
  const folder = mkdtempSync(join(tmpdir(), "mner-qg-element-"));
  await build({
    root,
    configFile: false,
    logLevel: "error",
    publicDir: false,
    resolve: elementResolve,
    plugins: [smallStyles()],
    build: {
      outDir: folder,
      emptyOutDir: false,
      target: "es2022",
      minify: true,
      modulePreload: false,
      rollupOptions: {
        input: Object.fromEntries(Object.entries(entries).map(([name, file]) => [name, join(root, file)])),
        // Tests of the element alone bring their own engine.
        external: existsSync(join(root, "src/engine/create-analyzer.ts")) ? [] : [/create-analyzer\.js$/],
        preserveEntrySignatures: "strict",
        output: { entryFileNames: "[name].js", chunkFileNames: "[name]-[hash].js" },
      },
    },
  });
  return { folder, remove: () => rmSync(folder, { recursive: true, force: true }) };
}
