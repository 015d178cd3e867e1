// What a bundler must be told so that one and the same file of the element works in a browser and can be imported in Node.
// For every Vite configuration that bundles src/element.
import { fileURLToPath } from "node:url";
import type { Plugin, ResolveOptions } from "vite";

const shim = fileURLToPath(new URL("../../src/element/server/dom-shim.ts", import.meta.url));

/** Lit's Node builds guard every access to the DOM; their large server DOM is replaced by a few lines of ours. */
export const elementResolve: ResolveOptions & { alias: Record<string, string> } = {
  conditions: ["node", "module", "import", "production", "default"],
  alias: { "@lit-labs/ssr-dom-shim": shim },
};

/** Takes comments and needless spaces out of the css`…` templates, which no minifier looks into. */
export function smallStyles(): Plugin {
  return {
    name: "mner-qg:small-styles",
    transform(code, id) {
      if (!/\/src\/element\/styles\/[\w-]+\.ts$/.test(id)) return null;
      const small = code.replace(/css`([^`]*)`/g, (_, body: string) => {
        const css = body
          .replace(/\/\*[\s\S]*?\*\//g, "")
          .replace(/\s+/g, " ")
          .replace(/ ?([{};,]) ?/g, "$1")
          .replace(/: /g, ":")
          .replace(/;\}/g, "}")
          .trim();
        return `css\`${css}\``;
      });
      return { code: small, map: null };
    },
  };
}
