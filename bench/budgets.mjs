// `npm run budgets`: what a reader has to download, measured on the built package and held against its limits. Fails when
// one is exceeded. Build first (npm run build). Compressed sizes are gzip -9 of each file, 1 kB is 1,000 bytes.
import { existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import { posix } from "node:path";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import { build, runnerImport } from "vite";

const root = fileURLToPath(new URL("..", import.meta.url));
const dist = `${root}dist/`;
if (!existsSync(`${dist}mner-qg.js`)) {
  console.error("There is nothing to measure. Run: npm run build");
  process.exit(1);
}

const read = (path) => readFileSync(dist + path, "utf8");
const gzipped = (data) => gzipSync(data, { level: 9 }).length;
const assets = readdirSync(`${dist}assets`);

/** The one file of assets/ with this name before its hash. */
function asset(name, ending = ".js") {
  const found = assets.filter((file) => file.endsWith(ending) && file.slice(0, -ending.length - 9) === name);
  if (found.length !== 1) throw new Error(`dist/assets has ${found.length} files ${name}-HASH${ending}. Build again.`);
  return `assets/${found[0]}`;
}

/** A script and all that it imports at once: what the browser has to fetch before it runs. */
function withImports(path, found = new Set()) {
  if (found.has(path)) return found;
  found.add(path);
  for (const [, specifier] of read(path).matchAll(/\b(?:from|import)\s*"(\.[^"]+)"/g)) {
    withImports(posix.join(posix.dirname(path), specifier), found);
  }
  return found;
}

function scripts(...entries) {
  const all = new Set(entries.flatMap((entry) => [...withImports(entry)]));
  return [...all].reduce((sum, path) => sum + gzipped(read(path)), 0);
}

/** The text room alone, as a chunk of its own would be. */
async function tokenizer() {
  const { module: stubs } = await runnerImport(`${root}scripts/vite/transformers-stubs.ts`);
  const { output } = await build({
    configFile: false,
    root,
    logLevel: "error",
    plugins: [stubs.transformersStubs()],
    build: { write: false, minify: true, ssr: `${root}src/text/index.ts` },
  });
  return gzipped(output[0].code);
}

function model() {
  const folder = `${dist}models/mner-qg-mini/`;
  if (!existsSync(`${folder}manifest.json`)) return null;
  return readdirSync(folder).reduce((sum, name) => sum + statSync(folder + name).size, 0);
}

const start = ["mner-qg.js", "index.js", asset("worker")];
/** Threads need the larger of the two. */
const binaries = ["tfjs-backend-wasm-simd", "tfjs-backend-wasm-threaded-simd"].map((name) => asset(name, ".wasm"));
const binary = Math.max(...binaries.map((path) => gzipped(readFileSync(dist + path))));

const rows = [
  ["the element without the engine", scripts("mner-qg.js"), 25_000],
  ["tokenizer", await tokenizer(), 25_000],
  ["all script before the first result, webgpu", scripts(...start, asset("webgpu")), 170_000],
  ["all script and WebAssembly before the first result, wasm", scripts(...start, asset("wasm")) + binary, 320_000],
  ["the shipped model", model(), 30_000_000],
];

const bytes = (count) => count.toLocaleString("en").padStart(11);
let failed = 0;
for (const [name, size, limit] of rows) {
  const verdict = size === null ? "there is none" : size <= limit ? "fits" : "TOO LARGE";
  if (verdict !== "fits") failed++;
  console.log(`${name.padEnd(58)} ${bytes(size ?? 0)} of ${bytes(limit)}  ${verdict}`);
}
process.exitCode = failed > 0 ? 1 : 0;
