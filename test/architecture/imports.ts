// Reads which file of src/ imports which, type imports included: knowing a type is knowing the room.
import { readdirSync, readFileSync } from "node:fs";
import { dirname, join, posix } from "node:path";

/** `from "…"`, `import "…"`, `import("…")`: relative ones, without a query such as `?worker`. */
const IMPORT = /\b(?:from|import)\s*\(?\s*"(\.[^"?]+)[^"]*"/g;

/** Paths relative to `folder`, by importing file. Tests are left out: they may reach for what they need. */
export function readImports(folder: string): Map<string, string[]> {
  const files = readdirSync(folder, { recursive: true, encoding: "utf8" })
    .map((file) => file.replaceAll("\\", "/"))
    .filter((file) => file.endsWith(".ts") && !/\.(?:test|d)\.ts$/.test(file));
  return new Map(files.map((file) => [file, importsOf(file, readFileSync(join(folder, file), "utf8"))]));
}

export function importsOf(file: string, source: string): string[] {
  return [...source.matchAll(IMPORT)].map(([, specifier]) =>
    posix.join(dirname(file), specifier!.replace(/\.js$/, ".ts")),
  );
}

/** The first circle found, as the files on it; `null` when there is none. */
export function findCircle(imports: ReadonlyMap<string, readonly string[]>): readonly string[] | null {
  const done = new Set<string>();
  const path: string[] = [];
  const visit = (file: string): readonly string[] | null => {
    if (path.includes(file)) return path.slice(path.indexOf(file));
    if (done.has(file)) return null;
    path.push(file);
    for (const next of imports.get(file) ?? []) {
      const circle = visit(next);
      if (circle) return circle;
    }
    path.pop();
    done.add(file);
    return null;
  };
  for (const file of imports.keys()) {
    const circle = visit(file);
    if (circle) return circle;
  }
  return null;
}
