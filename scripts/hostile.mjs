// `npm run test:hostile`: faults, floods and attackers, and a table of what was tried and what happened.
//
//   --minutes N        the long form: at least 100,000 made-up inputs, and floods for as long as asked; also runs the tests of
//                      faults that stand beside what they test, so that the table has them all
//   --soak-minutes N   one page at work for so long, drawn as a picture (--picture FILE)
//   --table FILE       the table as Markdown
//   --seed N           other made-up inputs
import { spawnSync } from "node:child_process";
import { appendFileSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, relative, resolve } from "node:path";
import { parseArgs } from "node:util";
import { ensureBrowser } from "./ensure-browser.mjs";
import { elsewhere } from "./hostile/elsewhere.mjs";

const { values } = parseArgs({
  options: {
    minutes: { type: "string", default: "0" },
    "soak-minutes": { type: "string", default: "0" },
    picture: { type: "string" },
    table: { type: "string" },
    seed: { type: "string" },
  },
});
const minutes = number("minutes");
const soakMinutes = number("soak-minutes");
const folder = mkdtempSync(join(tmpdir(), "mner-qg-hostile-"));
const rows = join(folder, "rows.jsonl");

process.env.CHROME_PATH = ensureBrowser();
Object.assign(process.env, {
  HOSTILE_MINUTES: String(minutes),
  SOAK_MINUTES: String(soakMinutes),
  HOSTILE_ELSEWHERE: rows,
  ...(values.seed ? { HOSTILE_SEED: values.seed } : {}),
  ...(values.table ? { HOSTILE_TABLE: resolve(values.table) } : {}),
  ...(values.picture ? { SOAK_PICTURE: resolve(values.picture) } : {}),
});

let failed = false;
if (minutes > 0) for (const suite of elsewhere) runElsewhere(suite);
failed = vitest(["--project", "hostile"]) || failed;
rmSync(folder, { recursive: true });
process.exitCode = failed ? 1 : 0;

function number(name) {
  const value = Number(values[name]);
  if (value >= 0) return value;
  console.error(`--${name} takes a number of minutes.`);
  process.exit(2);
}

/** Runs tests that stand elsewhere, and takes each down as a row. */
function runElsewhere({ kind, project, files }) {
  const output = join(folder, "report.json");
  console.log(`\n== ${kind}, in ${project}`);
  failed = vitest(["--project", project, "--reporter=json", `--outputFile=${output}`, ...files]) || failed;
  for (const { name, assertionResults } of JSON.parse(readFileSync(output, "utf8")).testResults) {
    for (const { fullName, status } of assertionResults) {
      const outcome = status === "passed" ? `holds (${relative(process.cwd(), name)})` : "FAILED";
      appendFileSync(rows, `${JSON.stringify({ class: kind, case: fullName, tries: 1, outcome, code: "" })}\n`);
    }
  }
}

function vitest(parameters) {
  const { status } = spawnSync(process.execPath, ["node_modules/vitest/vitest.mjs", "run", ...parameters], {
    stdio: "inherit",
  });
  return status !== 0;
}
