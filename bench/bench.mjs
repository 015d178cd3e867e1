// `npm run bench`: measures, and writes docs/performance.md with its plots. Options: --quick (fewer runs, some four minutes
// instead of fifteen), --report (write the pages again from the last measurement), --smoke (a minute: does it all still run?
// Nothing is written; the first time the graphs take another minute). Build first: npm run build.
import { fileURLToPath } from "node:url";
import { runnerImport } from "vite";
import { ensureBrowser } from "../scripts/ensure-browser.mjs";

process.env.CHROME_PATH = ensureBrowser();
const root = fileURLToPath(new URL("..", import.meta.url));
const { module } = await runnerImport(`${root}bench/harness/main.ts`, { root });
await module.main(process.argv.slice(2));
