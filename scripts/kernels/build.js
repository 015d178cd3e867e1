// Compiles src/engine/backends/fused/kernels into binary.ts beside it. AssemblyScript is fetched for the occasion: its
// compiler is large, and only whoever changes the kernels needs it. `--check` only says whether binary.ts is up to date.
import { execFileSync } from "node:child_process";
import { copyFileSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const COMPILER = "assemblyscript@0.28.20";
const folder = fileURLToPath(new URL("../../src/engine/backends/fused/", import.meta.url));
const target = join(folder, "binary.ts");
const temporary = mkdtempSync(join(tmpdir(), "mner-qg-kernels-"));

/** Bytes as base64, 100 characters to a line. */
function compile(...features) {
  const source = join(temporary, "index.ts");
  const binary = join(temporary, "kernels.wasm");
  for (const file of readdirSync(join(folder, "kernels"))) {
    copyFileSync(join(folder, "kernels", file), join(temporary, file.replace(/\.as$/, ".ts")));
  }
  const fixed = ["--runtime", "stub", "-O3", "--noAssert", "--use", "abort=", "--disableWarning", "112"];
  const memory = ["--importMemory", "--initialMemory", "1", "--maximumMemory", "65536"];
  const enabled = ["simd", ...features].flatMap((feature) => ["--enable", feature]);
  const local = process.env.ASC ? [process.env.ASC] : ["npx", "--yes", `--package=${COMPILER}`, "asc"];
  execFileSync(local[0], [...local.slice(1), source, ...fixed, ...memory, ...enabled, "--outFile", binary], {
    stdio: "inherit",
  });
  return readFileSync(binary).toString("base64");
}

try {
  const lines = (base64) =>
    base64
      .match(/.{1,100}/g)
      .map((line) => `  "${line}"`)
      .join(" +\n");
  const written = `// Compiled from kernels/ by \`npm run kernels\`; do not edit.

/** For every machine with SIMD. */
export const PLAIN =
${lines(compile())};

/** With products and sums in one step, for machines that have relaxed SIMD. */
export const RELAXED =
${lines(compile("relaxed-simd"))};
`;
  if (!process.argv.includes("--check")) writeFileSync(target, written);
  else if (readFileSync(target, "utf8") !== written) {
    console.error("binary.ts is not what kernels/ compiles to. Run `npm run kernels`.");
    process.exitCode = 1;
  }
} finally {
  rmSync(temporary, { recursive: true });
}
