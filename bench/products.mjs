// Whether linear layers multiplied in sixteen bits find what those in floats find: both over the same tweets, names and boxes
// held against each other.
//   node bench/products.mjs TWEETS [options of `mner-qg annotate`]
// Build first: npm run build:cli. Exit status 1 when a name differs, or a box has moved.
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const COMMAND = fileURLToPath(new URL("../dist/node/main.js", import.meta.url));
/** Boxes that overlap by so much are the same. */
const SAME_BOX = 0.98;

const [input, ...options] = process.argv.slice(2);
if (input === undefined) {
  console.error("Give a file of tweets.");
  process.exit(2);
}
const folder = mkdtempSync(join(tmpdir(), "mner-qg-products-"));

function annotate(products) {
  const out = join(folder, `${products}.jsonl`);
  const begun = performance.now();
  const env = { ...process.env, MNER_QG_PRODUCTS: products };
  execFileSync(process.execPath, [COMMAND, "annotate", input, "--out", out, ...options], { env, stdio: "ignore" });
  const seconds = (performance.now() - begun) / 1000;
  const answers = readFileSync(out, "utf8")
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line));
  return { seconds, answers };
}

const area = ([left, top, right, bottom]) => Math.max(0, right - left) * Math.max(0, bottom - top);

/** Boxes as [left, top, right, bottom]. */
function overlap(a, b) {
  const shared = area([...[0, 1].map((at) => Math.max(a[at], b[at])), ...[2, 3].map((at) => Math.min(a[at], b[at]))]);
  return shared / (area(a) + area(b) - shared);
}

const names = ({ entities = [] }) => JSON.stringify(entities.map(({ start, end, type }) => [start, end, type]));

try {
  const floats = annotate("floats");
  const sixteen = annotate("sixteen-bits");
  let [same, boxes, moved, least] = [0, 0, 0, 1];
  floats.answers.forEach((expected, at) => {
    const found = sixteen.answers[at];
    if (names(expected) !== names(found)) {
      console.log(`differs: ${JSON.stringify(expected.text)}\n  ${names(expected)}\n  ${names(found)}`);
      return;
    }
    same++;
    for (const [index, { box }] of (expected.entities ?? []).entries()) {
      const other = found.entities[index].box;
      if (!box && !other) continue;
      boxes++;
      const shared = box && other ? overlap(box, other) : 0;
      least = Math.min(least, shared);
      if (shared < SAME_BOX) moved++;
    }
  });
  const count = floats.answers.length;
  console.log(`${same} of ${count} tweets have the same names in both.`);
  if (boxes > 0) console.log(`${boxes - moved} of ${boxes} boxes are the same (least overlap ${least.toFixed(4)}).`);
  console.log(`floats ${floats.seconds.toFixed(1)} s, sixteen bits ${sixteen.seconds.toFixed(1)} s, start included.`);
  process.exitCode = same === count && moved === 0 ? 0 : 1;
} finally {
  rmSync(folder, { recursive: true });
}
