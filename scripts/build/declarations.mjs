// Writes dist/types: the declarations that the package's entries need and no others, free of names from packages that are
// bundled and therefore not installed with it.
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, relative } from "node:path";
import { run } from "./run.mjs";

const ENTRIES = [
  "engine/create-analyzer.d.ts",
  "engine/node.d.ts",
  "element/index.d.ts",
  "element/strings/de.d.ts",
  "element/strings/zh.d.ts",
  "bundlers/vite.d.ts",
];
/** Imports of other packages that may stay, by file: whoever uses the plugin has Vite. */
const MAY_IMPORT = { "bundlers/vite.d.ts": ["vite"] };

export function writeDeclarations(root) {
  const whole = mkdtempSync(join(tmpdir(), "mner-qg-types-"));
  try {
    run(process.execPath, ["node_modules/typescript/bin/tsc", "-p", "tsconfig.types.json", "--outDir", whole], root);
    for (const path of reachable(whole)) {
      const target = join(root, "dist/types", path);
      mkdirSync(dirname(target), { recursive: true });
      writeFileSync(target, withoutLit(path, readFileSync(join(whole, path), "utf8")));
    }
  } finally {
    rmSync(whole, { recursive: true, force: true });
  }
}

function reachable(folder) {
  const found = new Set(ENTRIES);
  for (const path of found) {
    const text = withoutLit(path, readFileSync(join(folder, path), "utf8"));
    for (const [, specifier] of text.matchAll(/(?:from|import\(|^import) ?"([^"]+)"/gm)) {
      if (specifier.startsWith(".")) {
        found.add(
          relative(folder, join(folder, dirname(path), specifier.replace(/\.js$/, ".d.ts"))).replaceAll("\\", "/"),
        );
      } else if (!MAY_IMPORT[path]?.includes(specifier)) {
        throw new Error(`${path} names "${specifier}", which users of the package do not have.`);
      }
    }
  }
  return found;
}

/** Lit is inside the element's file. What its class inherits that is of use to others is said here. */
function withoutLit(path, text) {
  if (path !== "element/mner-qg.d.ts") return text;
  return text
    .replace(/^import .* from "lit";\n/gm, "")
    .replace(/^ {4}(?:static (?:styles|properties)|protected \w+)\b.*;\n/gm, "")
    .replace(
      "extends LitElement {",
      "extends HTMLElement {\n    /** Settles when everything that was set so far is drawn. */\n    readonly updateComplete: Promise<boolean>;",
    );
}
