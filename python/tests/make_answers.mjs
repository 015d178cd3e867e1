// What the engine in Node says of the fixture's tweets and the demo's photos, whole: for folders whose answers hold more than
// `mner-qg annotate` writes.
//   MNER_QG_PRODUCTS=floats node python/tests/make_answers.mjs MODEL OUT
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("../..", import.meta.url));
const { createAnalyzer } = await import(join(root, "dist/node/index.js"));
const [model, out] = process.argv.slice(2);
const tweets = JSON.parse(readFileSync(join(root, "test/fixtures/tweets.json"), "utf8"));
const analyzer = await createAnalyzer({ model });
const rounded = (_, value) => (typeof value === "number" ? Number(value.toFixed(6)) : value);
const lines = [];
for (const { text, image } of tweets) {
  const result = await analyzer.analyze({ text, image: image ? join(root, "public/examples", image) : null });
  const { entities, queries, relatedness, imageKind, notices } = result;
  const exists = Object.fromEntries(queries.map((query) => [query.type, query.exists]));
  lines.push(JSON.stringify({ entities, exists, relatedness, imageKind, notices }, rounded));
}
writeFileSync(out, `${lines.join("\n")}\n`);
