// What a reader has to download. Compressed sizes are gzip -9 of each file, 1 kB is 1,000 bytes.
import { existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import { join, posix } from "node:path";
import { gzipSync } from "node:zlib";
import { build } from "vite";
import { transformersStubs } from "../../scripts/vite/transformers-stubs.js";
import { ROOT } from "../harness/root.js";
import type { Row } from "./row.js";

const DIST = join(ROOT, "dist/");

const read = (path: string): string => readFileSync(DIST + path, "utf8");
const gzipped = (data: string | Uint8Array): number => gzipSync(data, { level: 9 }).length;

/** The one file of assets/ with this name before its hash. */
function asset(name: string, ending = ".js"): string {
  const assets = readdirSync(`${DIST}assets`);
  const found = assets.filter((file) => file.endsWith(ending) && file.slice(0, -ending.length - 9) === name);
  if (found.length !== 1) throw new Error(`dist/assets has ${found.length} files ${name}-HASH${ending}. Build again.`);
  return `assets/${found[0]}`;
}

/** The chunk of one system: each is a file named alike, which says its system's name. */
function system(name: string): string {
  const isIt = (file: string): boolean =>
    file.startsWith("system-") && read(`assets/${file}`).match(`name:["\`]${name}["\`]`) !== null;
  const found = readdirSync(`${DIST}assets`).filter(isIt);
  if (found.length !== 1) throw new Error(`dist/assets has ${found.length} chunks of the system ${name}. Build again.`);
  return `assets/${found[0]}`;
}

/** A script and all that it imports at once: what the browser has to fetch before it runs. */
function withImports(path: string, found = new Set<string>()): Set<string> {
  if (found.has(path)) return found;
  found.add(path);
  for (const [, specifier] of read(path).matchAll(/\b(?:from|import)\s*"(\.[^"]+)"/g)) {
    withImports(posix.join(posix.dirname(path), specifier!), found);
  }
  return found;
}

function scripts(...entries: string[]): number {
  const all = new Set(entries.flatMap((entry) => [...withImports(entry)]));
  return [...all].reduce((sum, path) => sum + gzipped(read(path)), 0);
}

/** The text room alone, as a chunk of its own would be. */
async function tokenizer(): Promise<number> {
  const built = await build({
    configFile: false,
    root: ROOT,
    logLevel: "error",
    plugins: [transformersStubs()],
    build: { write: false, minify: true, ssr: `${ROOT}src/text/index.ts` },
  });
  return gzipped((built as unknown as { output: readonly [{ code: string }] }).output[0].code);
}

function model(): number | null {
  const folder = `${DIST}models/mner-qg-mini/`;
  if (!existsSync(`${folder}manifest.json`)) return null;
  return readdirSync(folder).reduce((sum, name) => sum + statSync(folder + name).size, 0);
}

export async function sizeRows(): Promise<Row[]> {
  // The shipped model's system is a chunk that the engine asks for.
  const start = ["mner-qg.js", "index.js", asset("worker"), system("mner-qg")];
  const binary = gzipped(readFileSync(DIST + asset("tfjs-backend-wasm-simd", ".wasm")));
  const row = (name: string, found: number | null, limit: number): Row => ({ name, found, limit, unit: "bytes" });
  return [
    row("the element without the engine", scripts("mner-qg.js"), 25_000),
    row("tokenizer", await tokenizer(), 25_000),
    row("all script before the first result, webgpu", scripts(...start, asset("webgpu")), 170_000),
    row("all script and WebAssembly before the first result, wasm", scripts(...start, asset("wasm")) + binary, 320_000),
    row("the shipped model", model(), 30_000_000),
  ];
}
