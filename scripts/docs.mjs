// `npm run docs`: what is generated from the sources, made anew. Tests fail when it is not.
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { writeApi } from "./docs/api.mjs";
import { writeElementPage } from "./docs/element.mjs";
import { redraw } from "./docs/rooms.mjs";

const root = fileURLToPath(new URL("..", import.meta.url));
const rooms = join(root, "docs/architecture.md");
writeFileSync(rooms, redraw(readFileSync(rooms, "utf8")));
writeFileSync(join(root, "docs/api.md"), writeApi(root));
writeFileSync(join(root, "docs/element.md"), writeElementPage(root));
