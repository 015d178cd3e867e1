// Bundles the command line for Node: one file per entry, with everything inside that the package does not list as its own.
import { readFileSync } from "node:fs";
import { defineConfig } from "vite";

const { version } = JSON.parse(readFileSync(new URL("./package.json", import.meta.url), "utf8")) as { version: string };

export default defineConfig({
  define: { __MNER_QG_VERSION__: JSON.stringify(version) },
  publicDir: false,
  ssr: { noExternal: true, external: ["sharp"] },
  build: {
    ssr: true,
    target: "node20",
    outDir: "dist/cli",
    emptyOutDir: true,
    minify: false,
    rollupOptions: {
      input: { main: "src/cli/main.ts" },
      output: { format: "es", entryFileNames: "[name].js", chunkFileNames: "chunks/[name]-[hash].js" },
    },
  },
});
