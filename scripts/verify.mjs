// `npm run verify`: what must hold before a change lands. Format and lint, types, every test (the rooms' imports are one of
// them), then the budgets on a fresh build. All of it runs, so that one run shows all there is to mend.
import { spawnSync } from "node:child_process";

const steps = [
  ["format and lint", "npm", "run", "--silent", "lint"],
  ["types", "npm", "run", "--silent", "typecheck"],
  ["build", "npm", "run", "--silent", "build"],
  ["budgets", "npm", "run", "--silent", "budgets"],
  ["tests", "npm", "test", "--silent"],
];

// The package's tests take what the build before them made.
const env = { ...process.env, MNER_QG_BUILT: "1" };
const outcomes = steps.map(([name, command, ...parameters]) => {
  console.log(`\n=== ${name}`);
  const start = performance.now();
  const { status } = spawnSync(command, parameters, { stdio: "inherit", env, shell: process.platform === "win32" });
  return { name, passed: status === 0, seconds: (performance.now() - start) / 1000 };
});

console.log("");
for (const { name, passed, seconds } of outcomes) {
  console.log(`${passed ? "passed" : "FAILED"}  ${name.padEnd(20)} ${seconds.toFixed(0).padStart(5)} s`);
}
process.exitCode = outcomes.every(({ passed }) => passed) ? 0 : 1;
