// The package in an empty Vite project: in development, built, and type-checked.
import { join } from "node:path";
import type { Browser } from "playwright-core";
import { build, createServer, preview } from "vite";
import { afterAll, beforeAll, describe, expect, inject, it } from "vitest";
import { launchBrowser } from "../support/browser.js";
import { inRepository } from "./support/pack.js";
import { borrow, makeProject, type Project } from "./support/project.js";
import { openPage } from "./support/result.js";

const files = {
  "vite.config.js": `import mnerQg from "mner-qg/vite";
export default { plugins: [mnerQg()] };`,
  "index.html": `<!doctype html><meta charset="utf-8"><title>Vite</title>
<mner-qg loading="eager">Two days in Paris.</mner-qg><script type="module" src="/src/main.js"></script>`,
  "src/main.js": `import "mner-qg/element";
import { createAnalyzer } from "mner-qg";
import { de } from "mner-qg/strings/de";
globalThis.createAnalyzer = createAnalyzer;
document.querySelector("mner-qg").strings = de;`,
  "types.ts": `import mnerQg from "mner-qg/vite";
import { createAnalyzer, isMnerError, type AnalysisResult } from "mner-qg";
import { createAnalyzer as inNode } from "mner-qg/node";
import { MnerQg, type Strings } from "mner-qg/element";
import { de } from "mner-qg/strings/de";
export const tag: MnerQg = document.querySelector("mner-qg")!;
tag.addEventListener("mner-result", ({ detail }) => { const result: AnalysisResult = detail.result; console.log(result.entities[0]?.region?.box[3]); });
tag.queries = [{ label: "DOG", query: "dogs" }];
const strings: Partial<Strings> = { ...de, retry: "Nochmal" };
tag.strings = strings;
// @ts-expect-error There is no such type of backend.
tag.backend = "magic";
const analyzer = await createAnalyzer({ backend: "auto" });
analyzer.analyze({ text: "One", image: new Blob() }).catch((error: unknown) => isMnerError(error) && error.code === "aborted");
await (await inNode()).analyze({ text: "One", image: "photo.jpg" });
export default { plugins: [mnerQg({ model: false })] };
`,
  "tsconfig.json": JSON.stringify({
    compilerOptions: {
      strict: true,
      noEmit: true,
      target: "ES2022",
      module: "ESNext",
      moduleResolution: "Bundler",
      // Only declarations of the package itself are looked into below: Vite's own are not ours to check.
      skipLibCheck: true,
      types: ["node"],
    },
    files: ["types.ts"],
  }),
};

let project: Project;
let browser: Browser;
beforeAll(async () => {
  project = await makeProject(inject("packed"), files, { tinyModel: true });
  for (const name of ["vite", "@types/node"]) borrow(project, name);
  browser = await launchBrowser();
});
afterAll(async () => {
  await browser?.close();
  project?.remove();
});

const local = { host: "127.0.0.1", port: 0 };

describe("an empty Vite project", () => {
  it("uses the element in development", async () => {
    const server = await createServer({ root: project.folder, logLevel: "error", server: { ...local, hmr: false } });
    try {
      await server.listen();
      const { result, errors, workers } = await openPage(browser, server.resolvedUrls!.local[0]!);
      expect(errors).toEqual([]);
      expect(result.text).toBe("Two days in Paris.");
      expect(workers).toBe(1);
    } finally {
      await server.close();
    }
  });

  it.each([
    ["as it is", {}],
    ["under a path, with scripts in folders of their own", { base: "/deep/", chunks: "js/deeper/[name]-[hash].js" }],
  ])("uses the element when built %s", async (_, { base, chunks }: { base?: string; chunks?: string }) => {
    const options = { root: project.folder, base, logLevel: "error" as const };
    const output = { entryFileNames: chunks };
    await build({ ...options, build: { emptyOutDir: true, rollupOptions: { output } } });
    const server = await preview({ ...options, preview: local });
    try {
      const { result, errors, workers } = await openPage(browser, server.resolvedUrls!.local[0]!);
      expect(errors).toEqual([]);
      expect(result.text).toBe("Two days in Paris.");
      expect(workers).toBe(1);
    } finally {
      await server.close();
    }
  });

  it("finds its types", () => {
    project.run("node", inRepository("node_modules/typescript/bin/tsc"), "-p", join(project.folder, "tsconfig.json"));
  });
});
