// Spawns the built command and collects what it says.
import { type ChildProcess, spawn } from "node:child_process";
import { fileURLToPath } from "node:url";
import { BUILT } from "./build-cli.js";

const script = fileURLToPath(new URL(`../../../${BUILT}/main.js`, import.meta.url));

export interface Outcome {
  /** `null` when a signal ended it. */
  readonly status: number | null;
  readonly out: string;
  readonly error: string;
}

export interface Running {
  readonly child: ChildProcess;
  readonly outcome: Promise<Outcome>;
}

export function start(parameters: readonly string[], input = ""): Running {
  const child = spawn(process.execPath, [script, ...parameters], { stdio: ["pipe", "pipe", "pipe"] });
  let out = "";
  let error = "";
  child.stdout.setEncoding("utf8").on("data", (text: string) => {
    out += text;
  });
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    error += text;
  });
  // A command that never reads its input may be gone before it is written.
  child.stdin.on("error", () => {});
  child.stdin.end(input);
  const outcome = new Promise<Outcome>((resolve) => child.on("close", (status) => resolve({ status, out, error })));
  return { child, outcome };
}

export function mnerQg(parameters: readonly string[], input = ""): Promise<Outcome> {
  return start(parameters, input).outcome;
}
