// Packs the package once for all tests of this folder, as `npm publish` would, and lays it where they find it.
import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { TestProject } from "vitest/node";

export interface PackedFile {
  readonly path: string;
  readonly size: number;
}

export interface Packed {
  readonly tarball: string;
  readonly files: readonly PackedFile[];
  /** Whether the trained model is inside. */
  readonly hasModel: boolean;
}

declare module "vitest" {
  export interface ProvidedContext {
    packed: Packed;
  }
}

const root = fileURLToPath(new URL("../../..", import.meta.url));

export default function setup(project: TestProject): () => void {
  const folder = mkdtempSync(join(tmpdir(), "mner-qg-packed-"));
  // Whoever has just built may save the minute that building again takes.
  const scripts = process.env.MNER_QG_BUILT ? ["--ignore-scripts"] : [];
  const pack = spawnSync("npm", ["pack", "--json", "--pack-destination", folder, ...scripts], {
    cwd: root,
    encoding: "utf8",
    stdio: ["ignore", "pipe", "inherit"],
  });
  if (pack.status !== 0) throw new Error(`npm pack ended with status ${pack.status}.`);
  // Before the report comes what the build says.
  const [report] = JSON.parse(pack.stdout.slice(pack.stdout.search(/^\[\s*$/m))) as [
    { filename: string; files: PackedFile[] },
  ];
  project.provide("packed", {
    tarball: join(folder, report.filename),
    files: report.files.map(({ path, size }) => ({ path, size })),
    hasModel: report.files.some(({ path }) => path === "dist/models/mner-qg-mini/manifest.json"),
  });
  return () => rmSync(folder, { recursive: true, force: true });
}

export function readPackage(): Record<string, unknown> {
  return JSON.parse(readFileSync(join(root, "package.json"), "utf8")) as Record<string, unknown>;
}

export const inRepository = (path: string): string => {
  const whole = join(root, path);
  if (!existsSync(whole)) throw new Error(`${whole} is not there.`);
  return whole;
};
