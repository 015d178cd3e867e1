// What the bench needs and the product does not: onnxruntime-web in bench/node_modules, and ONNX graphs written by Python.
// Both are made when they are missing.
import { spawnSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { ROOT } from "./root.js";

export const GRAPHS = join(ROOT, ".cache/bench/models");
export const ORT = join(ROOT, "bench/node_modules/onnxruntime-web");
const NAMES = ["bert-q8", "yolos-q8", "yolos", "own-image", "own-text", "own-photo"];

/** Why there is nothing to compare with, or null once there is. `make` makes what is missing. */
export function prepareOnnx(make: boolean): string | null {
  if (!existsSync(ORT)) {
    if (!make) return "onnxruntime-web is not installed here (npm run bench installs it)";
    const { status } = spawnSync("npm", ["install", "--no-audit", "--no-fund"], {
      cwd: join(ROOT, "bench"),
      stdio: "inherit",
      shell: process.platform === "win32",
    });
    if (status !== 0) return "onnxruntime-web could not be installed";
  }
  if (NAMES.every((name) => existsSync(join(GRAPHS, `${name}.onnx`)))) return null;
  if (!make) return "the ONNX graphs have not been made here (npm run bench makes them)";
  console.log("Writing the ONNX graphs (once, about a minute).");
  return exportGraphs(GRAPHS);
}

/** The graphs of every registered system at its tiny size, held to PyTorch. Null once they agree. */
export const smokeGraphs = (): string | null => exportGraphs(join(ROOT, ".cache/bench/smoke"), "--smoke");

function exportGraphs(...options: readonly string[]): string | null {
  const python = process.env.PYTHON ?? "python3";
  const { status } = spawnSync(python, ["bench/models/export.py", ...options], { cwd: ROOT, stdio: "inherit" });
  if (status === 0) return null;
  return `the ONNX graphs could not be made: install bench/models/requirements.txt for ${python}, or set PYTHON`;
}

export function ortVersion(): string {
  return (JSON.parse(readFileSync(join(ORT, "package.json"), "utf8")) as { version: string }).version;
}
