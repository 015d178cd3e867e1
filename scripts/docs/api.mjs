// Writes docs/api.md from the declarations and comments of the sources that the package's entries export.
import { readFileSync } from "node:fs";
import { join } from "node:path";

const SECTIONS = [
  {
    title: '`import { createAnalyzer } from "mner-qg"`',
    intro: "In a page or a worker. Loads a model, then answers questions about texts and photos.",
    files: ["src/engine/create-analyzer.ts", "src/engine/analyzer.ts"],
  },
  {
    title: "Results",
    intro:
      "What `analyze()` resolves with, what `<mner-qg>` takes as `results`, and what `annotate` writes: plain data.",
    files: ["src/core/results.ts"],
  },
  {
    title: "Errors",
    intro:
      "Every failure is an `MnerError`. Its `code` says which, its message what to do, its `cause` what was behind it.",
    files: ["src/core/mner-error.ts"],
    only: ["MnerErrorCode", "MnerError", "isMnerError"],
  },
  {
    title: '`import { createAnalyzer } from "mner-qg/node"`',
    intro: "The same in Node: model folders and photos are paths, and there are two backends, `wasm` and `cpu`.",
    files: ["src/engine/node.ts", "src/vision/node.ts"],
    only: [
      "createAnalyzer",
      "NodeAnalyzerOptions",
      "NodeAnalyzer",
      "NodeAnalyzeRequest",
      "NodeImageSource",
      "PixelSource",
    ],
  },
  {
    title: '`import mnerQg from "mner-qg/vite"`',
    intro: "The plugin for sites that are built with Vite.",
    files: ["src/bundlers/vite.ts"],
  },
];

/** An exported declaration at the left margin, with the comment before it. */
const EXPORT =
  /(?:^\/\*\*((?:(?!\*\/)[\s\S])*)\*\/\n)?^export (?:default )?(?:async )?(interface|type|function|class) (\w+)/gm;

export function declarationsOf(source) {
  return Array.from(source.matchAll(EXPORT), (match) => {
    const [whole, comment = "", kind, name] = match;
    const start = match.index + whole.lastIndexOf("export ");
    const code = source.slice(start, endOf(source, start, kind));
    return { name, kind, text: plain(comment), code: shorten(code, kind) };
  });
}

function endOf(source, start, kind) {
  // The formatter closes what it opened at the margin; a function's signature ends where its body begins.
  const end = { interface: /^(?:.*\{\}|\})$/m, class: /^\}$/m, type: /;$/m, function: / \{$/m }[kind];
  const rest = source.slice(start);
  if (kind === "type") return start + endOfType(rest);
  const match = end.exec(rest);
  return start + match.index + (kind === "function" ? 0 : match[0].length);
}

/** The first semicolon outside all brackets. */
function endOfType(text) {
  let depth = 0;
  for (let at = 0; at < text.length; at++) {
    if ("{[(<".includes(text[at])) depth++;
    else if ("}])".includes(text[at]) || (text[at] === ">" && text[at - 1] !== "=")) depth--;
    else if (text[at] === ";" && depth === 0) return at + 1;
  }
  return text.length;
}

/** Signatures only: what a function or a method does inside is its own business. */
function shorten(code, kind) {
  const shown = code.replace(/^export (?:default )?(?:async )?/, "");
  if (kind === "function") return `${shown};`;
  if (kind !== "class") return shown;
  return shown
    .replace(/^( {2}(?:async )?[\w#]+\([^)]*\)(?:: [^{]+)?) \{\n[\s\S]*?^ {2}\}$/gm, "$1;")
    .replace(/\n\n+/g, "\n");
}

function plain(comment) {
  return comment
    .split("\n")
    .map((line) => line.replace(/^\s*\* ?/, "").trim())
    .join(" ")
    .trim();
}

export function writeApi(root) {
  const parts = SECTIONS.map(({ title, intro, files, only }) => {
    const found = files.flatMap((file) => declarationsOf(readFileSync(join(root, file), "utf8")));
    const shown = only ? found.filter(({ name }) => only.includes(name)) : found;
    const blocks = shown.map(({ name, text, code }) =>
      [`### ${name}`, ...(text ? [text] : []), `\`\`\`ts\n${code}\n\`\`\``].join("\n\n"),
    );
    return [`## ${title}`, intro, ...blocks].join("\n\n");
  });
  const head =
    "# API\n\nMade from the sources by `npm run docs`; do not edit. The element's own page is [element.md](element.md), the command line's is\n`mner-qg COMMAND --help`.";
  return `${[head, ...parts].join("\n\n")}\n`;
}
