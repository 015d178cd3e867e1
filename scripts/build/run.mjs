// Runs a command and fails when it fails.
import { spawnSync } from "node:child_process";

export function run(command, parameters, cwd, env = {}) {
  const { status, error } = spawnSync(command, parameters, { cwd, stdio: "inherit", env: { ...process.env, ...env } });
  if (error) throw error;
  if (status !== 0) throw new Error(`${[command, ...parameters].join(" ")} ended with status ${status}.`);
}
