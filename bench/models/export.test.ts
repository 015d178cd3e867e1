// The bench's graphs can still be made: every registered system goes out as ONNX at its tiny size and answers as PyTorch does.
// Needs Python with what bench/models/requirements.txt names; without it a line says so.
import { spawnSync } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, it } from "vitest";

const root = fileURLToPath(new URL("../..", import.meta.url));
const python = process.env.PYTHON ?? "python3";
const able = spawnSync(python, ["-c", "import torch, onnx, onnxruntime, tokenizers"]).status === 0;
if (!able) {
  console.warn(
    `The bench's graphs are not tried: ${python} lacks torch or onnx (bench/models/requirements.txt; PYTHON).`,
  );
}

it.skipIf(!able)("exports every registered system", { timeout: 300_000 }, () => {
  const out = mkdtempSync(join(tmpdir(), "mner-qg-graphs-"));
  try {
    const run = spawnSync(python, ["bench/models/export.py", out, "--smoke"], { cwd: root, encoding: "utf8" });
    expect(run.stderr + run.stdout).toMatch(/outputs agree/);
    expect(run.status, run.stderr).toBe(0);
    const registry = readFileSync(join(root, "training/systems/__init__.py"), "utf8");
    const systems = [...registry.matchAll(/^ {4}"([\w-]+)": "\w+",$/gm)].map(([, name]) => name!);
    expect(systems.length).toBeGreaterThanOrEqual(2);
    const files = readdirSync(out);
    for (const name of systems) {
      const graphs = files.filter((file) => file.startsWith(name === "mner-qg" ? "own-" : `${name}-`));
      expect(graphs, name).not.toHaveLength(0);
    }
  } finally {
    rmSync(out, { recursive: true, force: true });
  }
});
