// `npm run budgets`: every row of the product's budgets, measured on the built package. Fails when one is exceeded. Build
// first (npm run build). With --sizes only what needs no browser.
import { fileURLToPath } from "node:url";
import { runnerImport } from "vite";
import { ensureBrowser } from "../scripts/ensure-browser.mjs";

process.env.CHROME_PATH = ensureBrowser();
const root = fileURLToPath(new URL("..", import.meta.url));
const { module } = await runnerImport(`${root}bench/budgets/main.ts`, { root });
process.exitCode = await module.main(process.argv.slice(2));
