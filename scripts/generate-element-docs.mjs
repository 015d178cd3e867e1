// Writes everything that tools know about <mner-qg> from the one JSDoc header of its class: custom-elements.json, editor data,
// and typings for React, Preact, Vue and Svelte.
//
//   node scripts/generate-element-docs.mjs [--out dist] [--module mner-qg.js] [--types ./types/element/index.js]
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { cssData, htmlData } from "./element-docs/editor-data.mjs";
import { readManifest } from "./element-docs/manifest.mjs";
import { frameworkTypes } from "./element-docs/typings.mjs";

const root = fileURLToPath(new URL("..", import.meta.url));

const { values: options } = parseArgs({
  options: {
    /** Folder to write to. */
    out: { type: "string", default: "dist" },
    /** The script as it ships, from there. */
    module: { type: "string", default: "mner-qg.js" },
    /** The class's declarations, from there. */
    types: { type: "string", default: "./types/element/index.js" },
  },
});

const { version } = JSON.parse(readFileSync(join(root, "package.json"), "utf8"));
const manifest = readManifest(root, options.module);
const element = manifest.modules[0].declarations[0];

const files = {
  "custom-elements.json": manifest,
  "vscode.html-custom-data.json": htmlData(element),
  "vscode.css-custom-data.json": cssData(element),
  ...frameworkTypes(element, options.types),
};

for (const [name, content] of Object.entries(files)) {
  const file = join(resolve(root, options.out), name);
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, typeof content === "string" ? content : `${JSON.stringify(content, null, 2)}\n`);
}
console.log(`<mner-qg> ${version}: ${Object.keys(files).join(", ")} in ${options.out}/`);
