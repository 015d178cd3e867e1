// What the package's builds for pages share.
import type { UserConfig } from "vite";

/** Entries by name of the file they become; only they keep a name without a hash. */
export function forPages(entries: Readonly<Record<string, string>>): UserConfig {
  return {
    base: "./",
    publicDir: false,
    build: {
      outDir: "dist",
      emptyOutDir: false,
      target: "es2022",
      minify: true,
      modulePreload: false,
      // A data: address would be refused by most Content-Security-Policies.
      assetsInlineLimit: 0,
      rollupOptions: {
        input: { ...entries },
        preserveEntrySignatures: "strict",
        output: {
          entryFileNames: ({ name }) => (name in entries ? "[name].js" : "assets/[name]-[hash].js"),
          chunkFileNames: "assets/[name]-[hash].js",
        },
      },
    },
  };
}
