// Every link from one of the project's pages to a file of the project leads somewhere, headings included.
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join, relative, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, it } from "vitest";

const root = fileURLToPath(new URL("../..", import.meta.url));
const folders = ["docs", "training", "examples", "public/examples", ".github"];

function pages(): string[] {
  const nested = folders
    .filter((folder) => existsSync(join(root, folder)))
    .flatMap((folder) =>
      readdirSync(join(root, folder), { recursive: true, encoding: "utf8" }).map((file) => join(folder, file)),
    );
  return [...readdirSync(root), ...nested].filter((file) => file.endsWith(".md") && !file.includes("node_modules"));
}

/** As forges make them: lower case, without punctuation, spaces to dashes. */
function anchors(markdown: string): Set<string> {
  const headings = markdown.matchAll(/^#+ (.+)$/gm);
  return new Set(
    Array.from(headings, ([, heading]) =>
      heading!
        .toLowerCase()
        .replace(/[^\p{L}\p{N}\s_-]/gu, "")
        .replaceAll(" ", "-"),
    ),
  );
}

function broken(page: string): string[] {
  const whole = join(root, page);
  const text = readFileSync(whole, "utf8").replace(/^```[\s\S]*?^```/gm, "");
  return Array.from(text.matchAll(/\]\(([^()\s]+)\)/g), ([, target]) => target!)
    .filter((target) => !/^[a-z]+:/.test(target))
    .filter((target) => {
      const [path, anchor] = target.split("#");
      const file = path ? resolve(dirname(whole), path) : whole;
      if (!existsSync(file)) return true;
      return anchor !== undefined && !anchors(readFileSync(file, "utf8")).has(anchor);
    })
    .map((target) => `${relative(root, whole)} → ${target}`);
}

it("leads somewhere", () => {
  const all = pages();
  expect(all).toContain("README.md");
  expect(all.flatMap(broken)).toEqual([]);
});
