// The built file: small, importable in Node, and one file of documentation's truth.
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { build } from "vite";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { root } from "./support.js";

// As it is shipped.
const built = {
  folder: mkdtempSync(join(tmpdir(), "mner-qg-bundle-")),
  remove: () => rmSync(built.folder, { recursive: true }),
};
beforeAll(async () => {
  process.env.NODE_ENV = "production";
  const configFile = join(root, "scripts/build/element.config.ts");
  await build({ root, mode: "production", configFile, logLevel: "error", build: { outDir: built.folder } });
});
afterAll(() => built.remove());

/** The files a browser fetches for the tag alone: the entry and what it imports statically. */
function staticFiles(entry: string): string[] {
  const code = readFileSync(join(built.folder, entry), "utf8");
  const imports = [...code.matchAll(/(?:from|import)\s*"\.\/([\w.-]+\.js)"/g)].map(([, file]) => file!);
  return [entry, ...imports.flatMap(staticFiles)];
}

describe("the bundle", () => {
  it("is at most 25 kB, minified and zipped, without the engine", () => {
    const files = [...new Set(staticFiles("mner-qg.js"))];
    const bytes = files.reduce(
      (sum, file) => sum + gzipSync(readFileSync(join(built.folder, file)), { level: 9 }).length,
      0,
    );
    console.log(`element: ${bytes} bytes gzip in ${files.join(", ")}`);
    expect(bytes).toBeLessThanOrEqual(25_000);
  });

  it("leaves the engine to a dynamic import", () => {
    const code = readdirSync(built.folder)
      .filter((file) => file.endsWith(".js"))
      .map((file) => readFileSync(join(built.folder, file), "utf8"));
    expect(code.some((text) => /import\(\s*["'`]\.\/index\.js/.test(text))).toBe(true);
    expect(code.some((text) => /from\s*["']\.\/index\.js/.test(text))).toBe(false);
  });

  it("can be imported where there is no DOM, and leaves no globals behind", async () => {
    const before = globalThis.customElements;
    const module: { MnerQg: { tagName?: string; name: string } } = await import(
      /* @vite-ignore */ join(built.folder, "mner-qg.js")
    );
    expect(typeof module.MnerQg).toBe("function");
    expect(globalThis.customElements).toBe(before);
    expect("HTMLElement" in globalThis).toBe(false);
  });

  it("can be imported from source in Node, too", async () => {
    const { MnerQg } = await import("../../src/element/index.js");
    expect(MnerQg.name).toBe("MnerQg");
  });
});
