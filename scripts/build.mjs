// `npm run build`: everything that leaves the house, into dist/. With `--package` without the demo page.
//
//   dist/mner-qg.js            the element, one file            dist/node/     command line, engine for Node, Vite plugin
//   dist/index.js              createAnalyzer()                 dist/types/    declarations
//   dist/worker.js, assets/    what they fetch when needed      dist/app/      the demo page
//   dist/models/               the model
import { cpSync, existsSync, mkdirSync, readdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "vite";
import { writeDeclarations } from "./build/declarations.mjs";
import { run } from "./build/run.mjs";

const root = fileURLToPath(new URL("..", import.meta.url));
// Whoever starts this (a test runner sets NODE_ENV=test), what is built here is for production.
process.env.NODE_ENV = "production";

const MODEL = "models/mner-qg-mini";

const packageOnly = process.argv.includes("--package");
const quiet = { root, logLevel: "warn" };

async function step(name, work) {
  const start = performance.now();
  await work();
  console.log(`${name.padEnd(24)} ${((performance.now() - start) / 1000).toFixed(1)} s`);
}

/** What an earlier build left must not be packed. The demo page empties its own folder. */
function clean() {
  const dist = join(root, "dist");
  mkdirSync(dist, { recursive: true });
  for (const name of readdirSync(dist)) {
    if (!packageOnly || !name.startsWith("app")) rmSync(join(dist, name), { recursive: true, force: true });
  }
}

function copyModel() {
  const source = join(root, "public", MODEL);
  if (!existsSync(join(source, "manifest.json"))) {
    console.warn(`public/${MODEL} has no manifest.json: this build has no model, and its users must give one.`);
    return;
  }
  cpSync(source, join(root, "dist", MODEL), { recursive: true });
}

clean();
await step("engine", () => build({ ...quiet, configFile: "scripts/build/engine.config.ts" }));
await step("element", () => build({ ...quiet, configFile: "scripts/build/element.config.ts" }));
await step("element's extras", () => build({ ...quiet, configFile: "scripts/build/lazy.config.ts" }));
await step("command line and Node", () => build({ ...quiet, configFile: "vite.cli.config.ts" }));
await step("types", () => writeDeclarations(root));
await step("element's typings", () => run(process.execPath, ["scripts/generate-element-docs.mjs"], root));
await step("model", copyModel);
if (!packageOnly) await step("demo page", () => build({ ...quiet, configFile: "vite.config.ts" }));
