// Takes the pictures of the element that the README shows, anew: node scripts/take-screenshots.mjs [--out docs/images] [section …]
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { basename, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import sharp from "sharp";
import { runnerImport } from "vite";

const root = fileURLToPath(new URL("..", import.meta.url));
const sections = ["collins", "summer-palace", "nested", "right-to-left", "not-in-photo", "error"];

const { values, positionals } = parseArgs({
  options: { out: { type: "string", default: "docs/images" } },
  allowPositionals: true,
});

process.chdir(root);
const folder = resolve(root, values.out);
mkdirSync(folder, { recursive: true });
const { module } = await runnerImport(resolve(root, "test/element/screenshots.ts"), {
  configFile: false,
  logLevel: "error",
});
for (const file of await module.takeScreenshots(folder, positionals.length ? positionals : sections)) {
  // A palette is enough for pictures of this kind, and a quarter of the size.
  const small = await sharp(readFileSync(file)).png({ palette: true, quality: 82, effort: 10 }).toBuffer();
  writeFileSync(file, small);
  console.log(`${basename(file)} ${(small.length / 1024).toFixed(0)} kB`);
}
