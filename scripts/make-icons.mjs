// Renders the icons from their one drawing. Run after changing scripts/icons/icon.svg; the results are committed.
import { copyFile, mkdir, readFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import sharp from "sharp";

const root = fileURLToPath(new URL("..", import.meta.url));
const source = `${root}scripts/icons/icon.svg`;
const out = `${root}public/icons/`;

const drawing = await readFile(source, "utf8");
// Systems cut maskable icons to shapes of their own: the ground then fills the whole square, and the sign stands in the
// middle four fifths, which no shape cuts into.
const square = drawing.replace('rx="112"', "");
const maskable = square.replace("<g ", '<g transform="translate(256 256) scale(0.86) translate(-256 -256)" ');

async function render(svg, size, name) {
  await sharp(Buffer.from(svg), { density: (72 * size) / 512 + 1 })
    .resize(size, size)
    .png({ compressionLevel: 9, palette: true })
    .toFile(out + name);
}

await mkdir(out, { recursive: true });
await copyFile(source, `${out}icon.svg`);
await render(drawing, 192, "icon-192.png");
await render(drawing, 512, "icon-512.png");
await render(maskable, 192, "icon-maskable-192.png");
await render(maskable, 512, "icon-maskable-512.png");
await render(square, 180, "apple-touch-icon.png");
