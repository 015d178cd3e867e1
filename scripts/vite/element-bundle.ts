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

function smallCss(css: string): string {
  return css
    .replace(/\/\*[\s\S]*?\*\//g, "")
    .replace(/\s+/g, " ")
    .replace(/ ?([{};,]) ?/g, "$1")
    .replace(/: /g, ":")
    .replace(/ > /g, ">")
    .replace(/#(\w)\1(\w)\2(\w)\3\b/g, "#$1$2$3")
    .replace(/ !important/g, "!important")
    .replace(/([ :,(])0\./g, "$1.")
    .replace(/;\}/g, "}");
}

/** A line break with its indent means one space everywhere but in the text itself, and that is written without any. */
const smallHtml = (html: string): string => html.replace(/\s*\n\s*/g, " ").replace(/ (?=\/?>)/g, "");

const small: Readonly<Record<string, (piece: string) => string>> = { css: smallCss, html: smallHtml, svg: smallHtml };

interface Node {
  readonly type: string;
  readonly start: number;
  readonly end: number;
  readonly [key: string]: unknown;
}

const isNode = (value: unknown): value is Node => typeof (value as Node | null)?.type === "string";

function visit(node: Node, found: (node: Node) => void): void {
  found(node);
  for (const value of Object.values(node)) {
    for (const child of Array.isArray(value) ? value : [value]) if (isNode(child)) visit(child, found);
  }
}

/** Takes comments and needless white space out of templates, which no minifier looks into. */
export function smallTemplates(): Plugin {
  return {
    name: "mner-qg:small-templates",
    transform(code, id) {
      if (!/\/src\/element\/.*\.ts$/.test(id) || !/(?:css|html|svg)`/.test(code)) return null;
      const pieces: { start: number; end: number; text: string }[] = [];
      visit(this.parse(code) as unknown as Node, (node) => {
        if (node.type !== "TaggedTemplateExpression") return;
        const shorten = small[(node.tag as { name?: string }).name ?? ""];
        if (!shorten) return;
        for (const { start, end } of (node.quasi as { quasis: Node[] }).quasis) {
          pieces.push({ start, end, text: shorten(code.slice(start, end)) });
        }
      });
      pieces.sort((a, b) => b.start - a.start);
      const shortened = pieces.reduce(
        (text, { start, end, text: piece }) => text.slice(0, start) + piece + text.slice(end),
        code,
      );
      return { code: shortened, map: null };
    },
  };
}
