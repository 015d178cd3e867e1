// A Vite plugin that adds the documentation to the demo's site, as plain pages without script, and a playground for the tag's
// attributes, made from the header that custom-elements.json is made from.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Plugin } from "vite";

const root = fileURLToPath(new URL("../..", import.meta.url));

/** Pages by the file they become; the first is the way in. */
const pages: Readonly<Record<string, string>> = {
  "index.html": "README.md",
  "embed.html": "docs/embed.md",
  "element.html": "docs/element.md",
  "questions.html": "docs/questions.md",
  "api.html": "docs/api.md",
  "model-card.html": "docs/model-card.md",
  "performance.html": "docs/performance.md",
};
const titles: Readonly<Record<string, string>> = {
  "index.html": "Overview",
  "embed.html": "On your site",
  "element.html": "The tag",
  "questions.html": "Own questions",
  "api.html": "The engine",
  "model-card.html": "Model card",
  "performance.html": "Speed",
  "playground.html": "Playground",
};

const escapeHtml = (text: string): string =>
  text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;").replaceAll('"', "&quot;");

/** Links between pages of the site stay; those to files that are no page keep their words only. */
function link(words: string, target: string): string {
  if (/^(?:https?:|#)/.test(target)) return `<a href="${target}">${words}</a>`;
  const [path, anchor] = target.split("#");
  const name = path!.split("/").at(-1);
  const page = Object.entries(pages).find(([, source]) => source.split("/").at(-1) === name)?.[0];
  return page ? `<a href="${page}${anchor ? `#${anchor}` : ""}">${words}</a>` : words;
}

function inline(text: string): string {
  const codes: string[] = [];
  return escapeHtml(text)
    .replace(/`([^`]+)`/g, (_, code: string) => `\0${codes.push(code) - 1}\0`)
    .replace(/!\[([^\]]*)\]\([^)]*\)/g, "")
    .replace(/\[([^\]]+)\]\(([^)\s]+)\)/g, (_, words: string, target: string) => link(words, target))
    .replace(/\*\*([^*]+)\*\*/g, "<strong>$1</strong>")
    .replace(/(^|[\s(|])\*([^*\s][^*]*)\*/g, "$1<em>$2</em>")
    .replace(/\0(\d+)\0/g, (_, index: string) => `<code>${codes[Number(index)]}</code>`);
}

const slug = (text: string): string =>
  text
    .toLowerCase()
    .replace(/[^\p{L}\p{N} -]/gu, "")
    .replaceAll(" ", "-");

const cells = (row: string): string[] =>
  row
    .replace(/^\||\|\s*$/g, "")
    .split(/(?<!\\)\|/)
    .map((cell) => inline(cell.trim().replaceAll("\\|", "|")));

function table(rows: readonly string[]): string {
  const line = (row: string, tag: string): string =>
    `<tr>${cells(row)
      .map((cell) => `<${tag}>${cell}</${tag}>`)
      .join("")}</tr>`;
  const [head, , ...body] = rows;
  const hasHead = cells(head!).some((cell) => cell !== "");
  return `<div class="table" tabindex="0" role="region" aria-label="Table"><table>${
    hasHead ? `<thead>${line(head!, "th")}</thead>` : ""
  }<tbody>${body.map((row) => line(row, "td")).join("")}</tbody></table></div>`;
}

/** As much of Markdown as our own documents use. */
export function renderMarkdown(markdown: string): string {
  const out: string[] = [];
  const blocks = markdown
    .replace(/<!--[\s\S]*?-->\n?/g, "")
    .matchAll(/```\w*\n([\s\S]*?)```|((?:[^\n]|\n(?!\n|```))+)/g);
  for (const [, code, block] of blocks) {
    if (code !== undefined) out.push(`<pre tabindex="0"><code>${escapeHtml(code)}</code></pre>`);
    else
      out.push(
        ...block!
          .trim()
          .split(/\n(?=#)|(?<=^#[^\n]*)\n/)
          .map(renderBlock),
      );
  }
  return out.join("\n");
}

function renderBlock(block: string): string {
  const heading = /^(#+) (.*)$/.exec(block);
  if (heading) {
    const level = heading[1]!.length;
    return `<h${level} id="${slug(heading[2]!)}">${inline(heading[2]!)}</h${level}>`;
  }
  if (block.startsWith("|")) return table(block.split("\n"));
  const item = /^(?:[-*]|\d+\.) /;
  if (item.test(block)) {
    const tag = /^\d/.test(block) ? "ol" : "ul";
    const items = block.split(/\n(?=(?:[-*]|\d+\.) )/).map((entry) => `<li>${inline(entry.replace(item, ""))}</li>`);
    return `<${tag}>${items.join("")}</${tag}>`;
  }
  const [before, ...list] = block.split(/\n(?=- )/);
  if (list.length > 0) return `${renderBlock(before!)}${renderBlock(list.join("\n"))}`;
  return block.trim() ? `<p>${inline(block)}</p>` : "";
}

function frame(file: string, body: string, script = ""): string {
  const entries = Object.entries(titles).map(
    ([target, title]) => `<a href="${target}"${target === file ? ' aria-current="page"' : ""}>${title}</a>`,
  );
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>${titles[file]} · MNER-QG</title>
<link rel="icon" href="../icons/icon.svg" type="image/svg+xml">
<link rel="stylesheet" href="docs.css">
${script}</head>
<body>
<header><a href="../index.html">MNER-QG</a><nav aria-label="Documentation">${entries.join("")}</nav></header>
<main>
${body}
</main>
</body>
</html>
`;
}

export interface TagAttribute {
  readonly name: string;
  readonly type: string;
  readonly description: string;
}

/** The attributes that the header of the class tells of. */
function tagAttributes(): TagAttribute[] {
  const source = readFileSync(join(root, "src/element/mner-qg.ts"), "utf8");
  return [...source.matchAll(/^ \* @attr \{(.+?)\} (\S+) - (.+)$/gm)].map(([, type, name, description]) => ({
    name: name!,
    type: type!,
    description: description!,
  }));
}

export function siteDocs(): Plugin {
  let playground = "";
  return {
    name: "mner-qg:site-docs",
    apply: "build",
    buildStart() {
      playground = this.emitFile({ type: "chunk", id: join(root, "src/app/playground.ts"), name: "playground" });
    },
    generateBundle() {
      const emit = (fileName: string, source: string): void => {
        this.emitFile({ type: "asset", fileName: `docs/${fileName}`, source });
      };
      for (const [file, source] of Object.entries(pages)) {
        emit(file, frame(file, renderMarkdown(readFileSync(join(root, source), "utf8"))));
      }
      const script = `<script type="module" src="../${this.getFileName(playground)}"></script>\n`;
      const data = escapeHtml(JSON.stringify(tagAttributes()));
      const body = `<h1>Playground</h1>\n<p>Every attribute of the tag, and the code that goes with it.</p>\n<div id="playground" data-attributes="${data}"></div>`;
      emit("playground.html", frame("playground.html", body, script));
      emit("docs.css", readFileSync(join(root, "src/app/styles/docs.css"), "utf8"));
    },
  };
}
