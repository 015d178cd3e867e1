// A Vite plugin that leaves lazy imports as they are. Vite wraps each in a helper that preloads styles; the package has none,
// its element has to stay small, and in a worker there is no document to preload into. The bundler's own helpers and TensorFlow.js define
// properties by plain objects: where a page has put a name on Object.prototype they would inherit it, so they get none to inherit from.
import type { Plugin } from "vite";

const PRELOAD_HELPER = "\0vite/preload-helper.js";

/** `__vitePreload(() => import(…), …)`, also where only some names are taken from what is imported. */
const WRAPPED =
  /__vitePreload\((?:async \(\) => \{\s*const \{[^}]*\} = await (import\([^)]*\));\s*return \{[^}]*\};\s*\}|\(\) => (import\([^)]*\))), __VITE_PRELOAD__, import\.meta\.url\)/g;

/** What defines a property by an object written there; the bundler calls `Object.defineProperty` by a letter. */
const DESCRIBED = /((?:defineProperty|\bt)\([^(){}]{1,40},)\{(?=(?:get|value):)/g;

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
    generateBundle(_, bundle) {
      for (const file of Object.values(bundle)) {
        if (file.type === "chunk") file.code = file.code.replace(DESCRIBED, "$1{__proto__:null,");
      }
    },
  };
}
