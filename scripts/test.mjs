// `npm test`: every suite, in a browser where a browser matters, and one last line that counts them all.
import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ensureBrowser } from "./ensure-browser.mjs";

// The projects of vitest.config.ts, one after the other: two browsers at once are too much for a small machine.
const suites = ["unit", "cli", "browser", "package", "hostile"];

process.env.CHROME_PATH = ensureBrowser();
const folder = mkdtempSync(join(tmpdir(), "mner-qg-test-"));
let passed = 0;
let failed = 0;

for (const name of suites) {
  console.log(`\n== ${name}`);
  const output = join(folder, `${name}.json`);
  const options = ["run", "--project", name, "--reporter=default", "--reporter=json", `--outputFile.json=${output}`];
  const run = spawnSync(process.execPath, ["node_modules/vitest/vitest.mjs", ...options], { stdio: "inherit" });
  const report = readReport(output);
  passed += report.numPassedTests;
  failed += report.numFailedTests;
  // A suite that could not even be loaded has no failed test, but has failed all the same.
  if (run.status !== 0 && report.numFailedTests === 0) failed += Math.max(1, report.numFailedTestSuites);
}
rmSync(folder, { recursive: true, force: true });

console.log(`\n${passed} passed, ${failed} failed`);
process.exitCode = failed > 0 || passed === 0 ? 1 : 0;

function readReport(path) {
  try {
    return JSON.parse(readFileSync(path, "utf8"));
  } catch {
    return { numPassedTests: 0, numFailedTests: 0, numFailedTestSuites: 1 };
  }
}
