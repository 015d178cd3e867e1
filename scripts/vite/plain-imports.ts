// A Vite plugin that leaves lazy imports as they are. Vite wraps each in a helper that preloads styles; the package has none,
// its element has to stay small, and in a worker there is no document to preload into.
import type { Plugin } from "vite";

const PRELOAD_HELPER = "\0vite/preload-helper.js";

/** `__vitePreload(() => import(…), …)`, also where only some names are taken from what is imported. */
const WRAPPED =
  /__vitePreload\((?:async \(\) => \{\s*const \{[^}]*\} = await (import\([^)]*\));\s*return \{[^}]*\};\s*\}|\(\) => (import\([^)]*\))), __VITE_PRELOAD__, import\.meta\.url\)/g;

export function plainImports(): Plugin {
  return {
    name: "mner-qg:plain-imports",
    enforce: "pre",
    // For whatever is wrapped otherwise than expected below.
    load: (id) => (id === PRELOAD_HELPER ? "export const __vitePreload = (load) => load();" : null),
    renderChunk(code) {
      if (!code.includes("__vitePreload")) return null;
      return {
        code: code.replace(WRAPPED, (_, some?: string, all?: string) => (some ?? all)!),
        map: null,
      };
    },
  };
}
