// Bundles what draws an element's results as SVG or PNG. Asked for seldom, it is a file of its own with its own copy of the
// little that both need: shared chunks would cost the element a second file at every start.
import { defineConfig } from "vite";
import { elementResolve, smallTemplates } from "../vite/element-bundle.js";
import { forPages } from "./for-pages.js";

export default defineConfig({
  ...forPages({ "assets/picture": "src/element/exports/picture.ts" }),
  resolve: elementResolve,
  plugins: [smallTemplates()],
});
