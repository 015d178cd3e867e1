// `npm run docs`: what is generated from the sources, made anew. Tests fail when it is not.
import { readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { redraw } from "./docs/rooms.mjs";

const page = fileURLToPath(new URL("../docs/architecture.md", import.meta.url));
writeFileSync(page, redraw(readFileSync(page, "utf8")));
