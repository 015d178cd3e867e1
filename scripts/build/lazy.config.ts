// Bundles what most pages never ask of an element: exports and decoded photos. It is a file of its own with its own copy of the
// little that both need: shared chunks would cost the element a second file at every start. And the translations.
import { defineConfig } from "vite";
import { elementResolve, smallTemplates } from "../vite/element-bundle.js";
import { forPages } from "./for-pages.js";

export default defineConfig({
  ...forPages({
    "assets/lazy": "src/element/lazy.ts",
    "assets/why": "src/element/why.ts",
    "strings/de": "src/element/strings/de.ts",
    "strings/zh": "src/element/strings/zh.ts",
  }),
  resolve: elementResolve,
  plugins: [smallTemplates()],
});
