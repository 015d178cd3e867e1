// An empty project of a stranger's, with the packed package installed and nothing else, without a network.
import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { makeTinyModel, writeFolder } from "../../support/tiny-model.js";
import { inRepository, type Packed } from "./pack.js";

export interface Project {
  readonly folder: string;
  /** The installed package. */
  readonly installed: string;
  /** Runs a program in the project; fails when it fails. */
  run(program: string, ...parameters: string[]): string;
  remove(): void;
}

const MODEL = "dist/models/mner-qg-mini";

export interface ProjectOptions {
  /** A tiny model instead of the trained one, where files matter and answers do not. Without a trained one it is always so. */
  readonly tinyModel?: boolean;
}

export async function makeProject(
  packed: Packed,
  files: Readonly<Record<string, string>>,
  options: ProjectOptions = {},
): Promise<Project> {
  const folder = mkdtempSync(join(tmpdir(), "mner-qg-project-"));
  const write = { "package.json": '{ "name": "stranger", "private": true, "type": "module" }', ...files };
  for (const [path, content] of Object.entries(write)) {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), content);
  }
  const run = (program: string, ...parameters: string[]): string => {
    const { status, stdout, stderr } = spawnSync(program, parameters, { cwd: folder, encoding: "utf8" });
    if (status !== 0)
      throw new Error(`${program} ${parameters.join(" ")} ended with status ${status}:\n${stdout}${stderr}`);
    return stdout;
  };
  run("npm", "install", "--offline", "--no-audit", "--no-fund", packed.tarball);
  const installed = join(folder, "node_modules/mner-qg");
  if (options.tinyModel || !packed.hasModel) {
    rmSync(join(installed, MODEL), { recursive: true, force: true });
    await writeFolder(join(installed, MODEL), await makeTinyModel());
  }
  return { folder, installed, run, remove: () => rmSync(folder, { recursive: true, force: true }) };
}

/** Borrows a development tool from the repository instead of downloading it once more. */
export function borrow(project: Project, name: string): void {
  const target = join(project.folder, "node_modules", name);
  mkdirSync(dirname(target), { recursive: true });
  if (!existsSync(target)) symlinkSync(inRepository(`node_modules/${name}`), target, "junction");
}
