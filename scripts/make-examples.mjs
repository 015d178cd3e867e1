// `npm run examples`: has the shipped model read the demo page's examples, and stores its answers with the page. Run it after
// the model or an example has changed; needs the build for Node (`npm run build -- --package`).
import { existsSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { runnerImport } from "vite";

const root = fileURLToPath(new URL("..", import.meta.url));
const engine = join(root, "dist/node/index.js");
if (!existsSync(engine)) throw new Error("There is no build for Node. Run: npm run build -- --package");

const { createAnalyzer } = await import(engine);
const { module } = await runnerImport(join(root, "src/app/examples/examples.ts"), {
  root,
  configFile: false,
  logLevel: "error",
});
const analyzer = await createAnalyzer({ model: join(root, "public/models/mner-qg-mini") });

/** Digits that can be seen or compared; the rest would only make the page larger. */
function rounded(key, value) {
  if (typeof value !== "number") return value;
  // In lists stand a box's pixels and attention's cells; they are thousands.
  const inList = /^\d+$/.test(key);
  const digits = inList ? (value > 1 ? 1 : 3) : 5;
  return Number(value.toFixed(digits));
}

for (const { id, text, photo, queries } of module.examples) {
  const result = await analyzer.analyze({ text, image: join(root, "public/examples", photo), queries });
  const stored = {
    ...result,
    timings: Object.fromEntries(Object.keys(result.timings).map((stage) => [stage, 0])),
    notices: [],
  };
  writeFileSync(join(root, `src/app/examples/${id}.json`), `${JSON.stringify(stored, rounded)}\n`);
  const names = result.entities.map((entity) => `${entity.text} (${entity.type}${entity.region ? ", seen" : ""})`);
  console.log(`${id.padEnd(10)} ${names.join("; ") || "nothing"}`);
}
analyzer.dispose();
