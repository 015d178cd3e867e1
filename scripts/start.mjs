// `npm start`: the production build of the demo page, on this machine. Builds it when there is none, or when something that
// goes into it has changed since.
import { createHash } from "node:crypto";
import { existsSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { createStaticServer, listen } from "./serve/static-server.mjs";

const root = fileURLToPath(new URL("..", import.meta.url));
const out = join(root, "dist/app");
/** What the build was made from; beside the build, not in it, since everything in it is served. */
const stamp = join(root, "dist/app.stamp");
const sources = [
  "index.html",
  "package.json",
  "vite.config.ts",
  "tsconfig.json",
  "src",
  "public",
  "scripts/vite",
  "scripts/serve",
];

function filesOf(path) {
  if (!existsSync(path)) return [];
  if (!statSync(path).isDirectory()) return [path];
  return readdirSync(path)
    .sort()
    .flatMap((name) => filesOf(join(path, name)));
}

/** Contents, not dates: a fresh clone has new dates everywhere. Large files count by size and the model's manifest names their hashes. */
function fingerprint() {
  const hash = createHash("sha256");
  for (const file of sources.flatMap((source) => filesOf(join(root, source)))) {
    if (/\.test\.ts$/.test(file)) continue;
    hash.update(`${relative(root, file)}\0`);
    hash.update(file.endsWith(".bin") ? String(statSync(file).size) : readFileSync(file));
  }
  return hash.digest("hex");
}

const wanted = fingerprint();
const isFresh = existsSync(join(out, "index.html")) && existsSync(stamp) && readFileSync(stamp, "utf8") === wanted;
if (!isFresh) {
  console.log("Building the demo page …");
  const { build } = await import("vite");
  await build({ root, configFile: join(root, "vite.config.ts"), logLevel: "warn" });
  writeFileSync(stamp, wanted);
}

const port = Number(process.env.PORT) || undefined;
const host = process.env.HOST || undefined;
const address = await listen(createStaticServer({ root: out }), { port, host });
console.log(`\nMNER-QG is at ${address}\nStop it with Ctrl+C.`);
