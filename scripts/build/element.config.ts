// Bundles <mner-qg> for pages: one file that any <script type="module"> can load from anywhere. Two things stay outside, as
// files beside it: the engine, which is the one that createAnalyzer() is, and what is fetched when it is asked for (lazy.config.ts).
import { defineConfig, type Plugin } from "vite";
import { elementResolve, smallTemplates } from "../vite/element-bundle.js";
import { plainImports } from "../vite/plain-imports.js";
import { forPages } from "./for-pages.js";

const beside: Readonly<Record<string, string>> = {
  "../engine/create-analyzer.js": "./index.js",
  "./lazy.js": "./assets/lazy.js",
  "./why.js": "./assets/why.js",
  "./strings/de.js": "./strings/de.js",
  "./strings/zh.js": "./strings/zh.js",
};

function besideTheElement(): Plugin {
  return {
    name: "mner-qg:beside-the-element",
    enforce: "pre",
    resolveId: (source) => (Object.hasOwn(beside, source) ? { id: beside[source]!, external: true } : null),
  };
}

export default defineConfig({
  ...forPages({ "mner-qg": "src/element/index.ts" }),
  resolve: elementResolve,
  plugins: [besideTheElement(), smallTemplates(), plainImports()],
});
