// Builds the demo page as it is deployed, into a folder of its own: with the shipped model, or with a tiny one that loads in
// a moment.
import { cpSync, mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { build, type Plugin } from "vite";
import { makeTinyModel, writeFolder } from "../../support/tiny-model.js";

const root = fileURLToPath(new URL("../../..", import.meta.url));
export const PUBLIC = join(root, "public");
export const MODEL = "models/mner-qg-mini";

export interface BuiltSite {
  readonly folder: string;
  /** The model folder it was built with. */
  readonly model: string;
  remove(): void;
}

export interface SiteOptions {
  /** Version of the tiny model; without it the site has the shipped one. */
  readonly tinyModel?: string;
  /** Words at the foot of the page, so that two builds differ in their scripts. */
  readonly mark?: string;
}

/** Changes one script of the page, as a new version of it would be changed. */
function marked(mark: string): Plugin {
  return {
    name: "test:mark",
    enforce: "pre",
    transform(code, id) {
      if (!id.endsWith("/shell/page-foot.ts")) return null;
      return code.replace("An independent implementation", `${mark}. An independent implementation`);
    },
  };
}

export async function buildSite({ tinyModel, mark }: SiteOptions): Promise<BuiltSite> {
  const folder = mkdtempSync(join(tmpdir(), "mner-qg-site-"));
  let publicDir = PUBLIC;
  if (tinyModel) {
    publicDir = `${folder}-public`;
    for (const part of ["examples", "icons"]) cpSync(join(PUBLIC, part), join(publicDir, part), { recursive: true });
    mkdirSync(join(publicDir, MODEL), { recursive: true });
    await writeFolder(join(publicDir, MODEL), await makeTinyModel({ version: tinyModel, shardBytes: 16 * 1024 }));
  }
  // The test runner calls its own mode "test", in which libraries take their development builds.
  process.env.NODE_ENV = "production";
  await build({
    root,
    mode: "production",
    configFile: join(root, "vite.config.ts"),
    logLevel: "error",
    publicDir,
    plugins: mark ? [marked(mark)] : [],
    build: { outDir: folder, emptyOutDir: true },
  });
  return {
    folder,
    model: join(publicDir, MODEL),
    remove: () => {
      rmSync(folder, { recursive: true, force: true });
      if (tinyModel) rmSync(publicDir, { recursive: true, force: true });
    },
  };
}
