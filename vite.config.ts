// Builds the demo page and its service worker into dist/app. It works from any path: every address in it is relative.
import { readFileSync } from "node:fs";
import { defineConfig, type Plugin } from "vite";
import { smallTemplates } from "./scripts/vite/element-bundle.js";
import { offlineApp } from "./scripts/vite/offline-app.js";
import { pagePolicy } from "./scripts/vite/page-policy.js";
import { plainImports } from "./scripts/vite/plain-imports.js";
import { siteDocs } from "./scripts/vite/site-docs.js";
import { tensorflowParts } from "./scripts/vite/tensorflow-parts.js";
import { transformersStubs } from "./scripts/vite/transformers-stubs.js";
import { versionedFiles } from "./scripts/vite/versioned-files.js";
import { workerEntry } from "./scripts/vite/worker-entry.js";

/** One bundle for page and worker, without the extra file by a fixed name that the package offers. */
function sharedWorker(): Plugin {
  const { generateBundle: _, ...plugin } = workerEntry("src/engine/worker.ts");
  return { ...plugin, apply: "build" };
}

const files = versionedFiles();
const { version } = JSON.parse(readFileSync(new URL("./package.json", import.meta.url), "utf8")) as { version: string };

export default defineConfig({
  base: "./",
  define: { __MNER_QG_VERSION__: JSON.stringify(version) },
  plugins: [
    tensorflowParts(),
    transformersStubs(),
    sharedWorker(),
    plainImports(),
    smallTemplates(),
    files,
    pagePolicy(),
    siteDocs(),
    offlineApp(files),
  ],
  // While developing, Vite builds the worker its own way.
  worker: { format: "es", plugins: () => [tensorflowParts(), transformersStubs()] },
  build: {
    outDir: "dist/app",
    target: "es2022",
    // Inline data: addresses would be refused by the page's own policy.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
  },
});
