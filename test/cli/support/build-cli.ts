// Builds the command line once for all tests that spawn it: they test what ships, not the sources.
import { fileURLToPath } from "node:url";
import { build } from "vite";

const root = fileURLToPath(new URL("../../../", import.meta.url));

export const BUILT = "dist-cli-test";

export default async function setup(): Promise<void> {
  const configFile = fileURLToPath(new URL("../../../vite.cli.config.ts", import.meta.url));
  await build({ root, configFile, logLevel: "warn", build: { outDir: BUILT } });
}
