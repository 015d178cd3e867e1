// A Vite plugin that leaves lazy imports as they are. Vite wraps each in a helper that preloads styles; the package has none,
// its element has to stay small, and in a worker there is no document to preload into.
import type { Plugin } from "vite";

const PRELOAD_HELPER = "\0vite/preload-helper.js";

export function plainImports(): Plugin {
  return {
    name: "mner-qg:plain-imports",
    enforce: "pre",
    load: (id) => (id === PRELOAD_HELPER ? "export const __vitePreload = (load) => load();" : null),
  };
}
