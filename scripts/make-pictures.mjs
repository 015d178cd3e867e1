// `npm run pictures`: takes all pictures of the documents anew, from the real thing. The results are committed.
//
//   npm run pictures -- demo        only those of the demo page (or: element)
//   npm run pictures -- --out /tmp  to another folder
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { basename, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import sharp from "sharp";
import { takeDemo } from "./pictures/demo.mjs";
import { takeElement } from "./pictures/element.mjs";

const root = fileURLToPath(new URL("..", import.meta.url));
const subjects = { demo: takeDemo, element: takeElement };

const { values, positionals } = parseArgs({
  options: { out: { type: "string", default: "docs/images" } },
  allowPositionals: true,
});
const folder = resolve(root, values.out);
mkdirSync(folder, { recursive: true });
for (const name of positionals.length > 0 ? positionals : Object.keys(subjects)) {
  const take = subjects[name];
  if (!take) throw new Error(`There are no pictures of "${name}". There are: ${Object.keys(subjects).join(", ")}.`);
  for (const file of await take(root, folder)) {
    // A palette is enough for pictures of this kind, and a quarter of the size.
    const small = await sharp(readFileSync(file)).png({ palette: true, quality: 82, effort: 10 }).toBuffer();
    writeFileSync(file, small);
    console.log(`${basename(file).padEnd(40)} ${(small.length / 1000).toFixed(0).padStart(4)} kB`);
  }
}
