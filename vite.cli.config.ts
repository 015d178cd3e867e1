// Bundles what runs in Node: the command line and the script of its worker threads, the engine as a library, and the plugin
// for Vite, with everything inside that the package does not list as its own, and TensorFlow's binary beside them.
import { chmodSync, copyFileSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { defineConfig, type Plugin } from "vite";
import { tensorflowParts } from "./scripts/vite/tensorflow-parts.js";
import { transformersStubs } from "./scripts/vite/transformers-stubs.js";

const { version } = JSON.parse(readFileSync(new URL("./package.json", import.meta.url), "utf8")) as { version: string };
const BINARY = "tfjs-backend-wasm-simd.wasm";

function copyBinary(): Plugin {
  return {
    name: "mner-qg:copy-wasm-binary",
    writeBundle({ dir }) {
      const source = createRequire(import.meta.url).resolve(`@tensorflow/tfjs-backend-wasm/dist/${BINARY}`);
      copyFileSync(source, join(dir ?? "dist/node", BINARY));
    },
  };
}

/** npm sets this when it installs; in a checkout nobody else does. */
function executable(): Plugin {
  return {
    name: "mner-qg:executable",
    writeBundle: ({ dir }) => chmodSync(join(dir ?? "dist/node", "main.js"), 0o755),
  };
}

export default defineConfig({
  plugins: [tensorflowParts(), transformersStubs(), copyBinary(), executable()],
  define: { __MNER_QG_VERSION__: JSON.stringify(version) },
  publicDir: false,
  // What decodes photos is a native module and stays outside.
  ssr: { noExternal: true, external: ["sharp"] },
  build: {
    ssr: true,
    target: "node20",
    outDir: "dist/node",
    emptyOutDir: true,
    minify: false,
    rollupOptions: {
      input: {
        main: "src/cli/main.ts",
        worker: "src/cli/analysis/worker.ts",
        index: "src/engine/node.ts",
        vite: "src/bundlers/vite.ts",
      },
      preserveEntrySignatures: "strict",
      // All in one folder: scripts find the binary and each other beside themselves.
      output: { format: "es", entryFileNames: "[name].js", chunkFileNames: "[name]-[hash].js" },
    },
  },
});
