// The examples for React, Vue and Svelte, as a stranger builds them: with the packed package, and everything else as they say.
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { Browser } from "playwright-core";
import { build, preview } from "vite";
import { afterAll, beforeAll, describe, expect, inject, it } from "vitest";
import { launchBrowser } from "../support/browser.js";
import { inRepository } from "./support/pack.js";
import { borrow, makeProject, type Project } from "./support/project.js";
import { openPage } from "./support/result.js";

interface Description {
  readonly dependencies: Readonly<Record<string, string>>;
  readonly devDependencies: Readonly<Record<string, string>>;
}

function filesOf(folder: string): Record<string, string> {
  const names = readdirSync(folder, { recursive: true, encoding: "utf8" }).filter((name) => /\.\w+$/.test(name));
  return Object.fromEntries(
    names
      .filter((name) => !/node_modules|dist|package(?:-lock)?\.json/.test(name))
      .map((name) => [name.replaceAll("\\", "/"), readFileSync(join(folder, name), "utf8")]),
  );
}

let browser: Browser;
beforeAll(async () => {
  browser = await launchBrowser();
});
afterAll(() => browser?.close());

describe.each(["react", "vue", "svelte"])("the example for %s", (framework) => {
  let project: Project;
  beforeAll(async () => {
    const folder = inRepository(`examples/${framework}`);
    const { dependencies, devDependencies } = JSON.parse(
      readFileSync(join(folder, "package.json"), "utf8"),
    ) as Description;
    project = await makeProject(inject("packed"), filesOf(folder), { tinyModel: true });
    for (const name of Object.keys({ ...dependencies, ...devDependencies })) {
      if (name !== "mner-qg") borrow(project, name);
    }
  });
  afterAll(() => project?.remove());

  it("is built, opened, and hears of what the tag found", async () => {
    // The one of them that the compiler reads as it is.
    if (framework === "react") {
      project.run("node", inRepository("node_modules/typescript/bin/tsc"), "-p", project.folder);
    }
    const options = { root: project.folder, logLevel: "error" as const };
    await build(options);
    const server = await preview({ ...options, preview: { host: "127.0.0.1", port: 0 } });
    try {
      let counted = "";
      const { result, errors, workers } = await openPage(browser, server.resolvedUrls!.local[0]!, async (page) => {
        // Before the result it says 0; frameworks draw a moment after the event.
        await page.waitForTimeout(200);
        counted = (await page.textContent("#count")) ?? "";
      });
      expect(errors).toEqual([]);
      expect(result.text).toBe("Two days in Paris with Anna Meier.");
      expect(result.entities.length).toBeGreaterThan(0);
      expect(counted).toBe(`${result.entities.length} found`);
      expect(workers).toBe(1);
    } finally {
      await server.close();
    }
  });
});
