// A Vite plugin that leaves lazy imports as they are. Vite wraps each in a helper that preloads styles; the package has none,
// its element has to stay small, and in a worker there is no document to preload into.
import type { Plugin } from "vite";

const PRELOAD_HELPER = "\0vite/preload-helper.js";
const WRAPPED =
  /__vitePreload\((?:async )?\(\) => (?:\{\s*const \{ \w+ \} = await (import\("[^"]*"\));\s*return \{ \w+ \};\s*\}|(import\("[^"]*"\))), __VITE_PRELOAD__, import\.meta\.url\)/g;

export function plainImports(): Plugin {
  return {
    name: "mner-qg:plain-imports",
    enforce: "pre",
    load: (id) => (id === PRELOAD_HELPER ? "export const __vitePreload = (load) => load();" : null),
    // What is left of it around each import is a function, its call and two arguments.
    renderChunk: (code) => code.replace(WRAPPED, "$1$2"),
  };
}
