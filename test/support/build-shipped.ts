// Bundles the package's files for pages as `npm run build` does, with the same configurations, into a folder that a test can serve.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "vite";

const root = fileURLToPath(new URL("../..", import.meta.url));

export interface Shipped {
  /** `mner-qg.js`, `index.js` and what they fetch; no model. */
  readonly folder: string;
  remove(): void;
}

export async function buildShipped(): Promise<Shipped> {
  const folder = mkdtempSync(join(tmpdir(), "mner-qg-shipped-"));
  for (const part of ["engine", "element", "lazy"]) {
    const configFile = join(root, `scripts/build/${part}.config.ts`);
    await build({ root, configFile, logLevel: "error", build: { outDir: folder } });
  }
  return { folder, remove: () => rmSync(folder, { recursive: true, force: true }) };
}
