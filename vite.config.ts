// Builds the demo page and its service worker into dist/app. It works from any path: every address in it is relative.
import { defineConfig } from "vite";
import { smallStyles } from "./scripts/vite/element-bundle.js";
import { offlineApp } from "./scripts/vite/offline-app.js";
import { pagePolicy } from "./scripts/vite/page-policy.js";
import { tensorflowParts } from "./scripts/vite/tensorflow-parts.js";
import { transformersStubs } from "./scripts/vite/transformers-stubs.js";
import { versionedFiles } from "./scripts/vite/versioned-files.js";

export default defineConfig({
  base: "./",
  plugins: [tensorflowParts(), transformersStubs(), smallStyles(), versionedFiles(), pagePolicy(), offlineApp()],
  worker: { format: "es", plugins: () => [tensorflowParts(), transformersStubs()] },
  build: {
    outDir: "dist/app",
    target: "es2022",
    // Inline data: addresses would be refused by the page's own policy.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
  },
});
