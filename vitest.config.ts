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
      {
        plugins: [transformersStubs(), tensorflowParts()],
        test: {
          name: "cli",
          environment: "node",
          include: ["test/cli/**/*.test.ts"],
          // The command as it ships is built once and spawned.
          globalSetup: ["test/cli/support/build-cli.ts"],
          testTimeout: 180_000,
          hookTimeout: 180_000,
        },
      },
      {
        plugins: [transformersStubs(), tensorflowParts()],
        test: {
          name: "browser",
          environment: "node",
          include: ["test/**/*.test.ts"],
          exclude: ["test/cli/**"],
          // One Chromium at a time: tests measure times, and machines are small.
          fileParallelism: false,
          testTimeout: 180_000,
          hookTimeout: 180_000,
        },
      },
    ],
  },
});
