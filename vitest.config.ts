// Unit tests stand beside their source and run in Node. Tests that need a browser are another project.
import { defineConfig } from "vitest/config";
import { tensorflowParts } from "./scripts/vite/tensorflow-parts.js";
import { transformersStubs } from "./scripts/vite/transformers-stubs.js";

export default defineConfig({
  test: {
    projects: [
      {
        plugins: [transformersStubs(), tensorflowParts()],
        test: { name: "unit", environment: "node", include: ["src/**/*.test.ts"] },
      },
    ],
  },
});
