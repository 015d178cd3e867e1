// Holds the pages that are made from the sources against them, and what makes them against small sources of its own.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, it } from "vitest";
import { declarationsOf, writeApi } from "../../scripts/docs/api.mjs";
import { writeElementPage } from "../../scripts/docs/element.mjs";

const root = fileURLToPath(new URL("../..", import.meta.url));

it.each([
  ["docs/api.md", writeApi],
  ["docs/element.md", writeElementPage],
])("%s is up to date", (page, write) => {
  // `npm run docs` writes them anew.
  expect(readFileSync(join(root, page), "utf8")).toBe(write(root));
});

it("takes declarations with their comments, and no code", () => {
  const source = `/** Says
 * hello. */
export async function hello(name: string): Promise<{ ok: true }> {
  return { ok: true };
}
export const hidden = 1;
interface Private {
  readonly a: string;
}
/** One of two. */
export type Choice = { readonly a: "x;" } | (() => void);
export interface Thing {
  /** Its size. */
  readonly size: number;
}
export class Fault extends Error {
  readonly code: string;

  constructor(code: string) {
    super();
    this.code = code;
  }
}
`;
  expect(declarationsOf(source)).toEqual([
    {
      name: "hello",
      kind: "function",
      text: "Says hello.",
      code: "function hello(name: string): Promise<{ ok: true }>;",
    },
    { name: "Choice", kind: "type", text: "One of two.", code: 'type Choice = { readonly a: "x;" } | (() => void);' },
    {
      name: "Thing",
      kind: "interface",
      text: "",
      code: "interface Thing {\n  /** Its size. */\n  readonly size: number;\n}",
    },
    {
      name: "Fault",
      kind: "class",
      text: "",
      code: "class Fault extends Error {\n  readonly code: string;\n  constructor(code: string);\n}",
    },
  ]);
});
