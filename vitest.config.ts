// Five projects: unit tests stand beside their source and run in Node; the command line is spawned as it ships; a browser is
// used wherever one matters; the package is packed and installed elsewhere; and a hostile world has a suite of its own.
// `npm test` runs them one after the other.
import { defineConfig } from "vitest/config";
import { tensorflowParts } from "./scripts/vite/tensorflow-parts.js";
import { transformersStubs } from "./scripts/vite/transformers-stubs.js";

export default defineConfig({
  test: {
    coverage: {
      provider: "v8",
      include: ["src/**/*.ts"],
      // What only runs in a page is covered by browser tests, which this report does not see.
      exclude: ["src/**/*.d.ts", "src/app/**", "src/pwa/**"],
      reporter: ["text-summary", "html"],
    },
    projects: [
      {
        plugins: [transformersStubs(), tensorflowParts()],
        // Property tests try thousands of cases; a busy machine may need long for them, and a hanging test still ends.
        test: {
          name: "unit",
          environment: "node",
          include: ["src/**/*.test.ts", "test/{architecture,docs}/*.test.ts", "bench/**/*.test.ts"],
          testTimeout: 60_000,
        },
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
          exclude: ["test/{cli,package,hostile,architecture,docs}/**"],
          // One Chromium at a time: tests measure times, and machines are small.
          fileParallelism: false,
          testTimeout: 180_000,
          hookTimeout: 180_000,
        },
      },
      {
        plugins: [transformersStubs(), tensorflowParts()],
        test: {
          name: "package",
          environment: "node",
          include: ["test/package/**/*.test.ts"],
          globalSetup: ["test/package/support/pack.ts"],
          fileParallelism: false,
          testTimeout: 180_000,
          hookTimeout: 180_000,
        },
      },
      {
        plugins: [transformersStubs(), tensorflowParts()],
        test: {
          name: "hostile",
          environment: "node",
          include: ["test/hostile/**/*.test.ts"],
          globalSetup: ["test/hostile/support/report.ts"],
          fileParallelism: false,
          // The long form takes as long as it was asked to.
          testTimeout: 300_000 + 60_000 * Number(process.env.HOSTILE_MINUTES ?? 0),
          hookTimeout: 180_000,
        },
      },
    ],
  },
});
