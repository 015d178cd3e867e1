// What the project is built from is fixed to the byte, as far as each registry allows.
import { readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { describe, expect } from "vitest";
import { attempts } from "../support/ledger.js";

const attempt = attempts("5 security");
const root = new URL("../../../", import.meta.url);
const read = (path: string) => readFileSync(fileURLToPath(new URL(path, root)), "utf8");

interface Locked {
  readonly integrity?: string;
  readonly link?: boolean;
  readonly version?: string;
}

describe("what the project is built from", () => {
  attempt("packages whose content may change", () => {
    let checked = 0;
    for (const file of ["package-lock.json", "bench/package-lock.json"]) {
      const { packages } = JSON.parse(read(file)) as { packages: Record<string, Locked> };
      for (const [name, { integrity, link }] of Object.entries(packages)) {
        // The project itself, and what lies in its own folder.
        if (name === "" || link || name.startsWith("vendor/")) continue;
        checked++;
        expect([file, name, integrity?.startsWith("sha512-")]).toEqual([file, name, true]);
      }
    }
    return { tries: checked, outcome: "every package has its hash" };
  });

  attempt("actions and commands that take whatever is newest", () => {
    const workflows = readdirSync(fileURLToPath(new URL(".github/workflows", root)));
    const uses = workflows.flatMap((name) => [...read(`.github/workflows/${name}`).matchAll(/uses: (\S+)/g)]);
    expect(uses.length).toBeGreaterThan(0);
    for (const [, action] of uses) expect(action).toMatch(/^[\w/-]+@[0-9a-f]{40}$/);
    const scripts = [".ci/run", ...workflows.map((name) => `.github/workflows/${name}`)].map(read).join("\n");
    expect(scripts).not.toMatch(/npm (?:i|install)\b(?! --global)/);
    return { tries: uses.length, outcome: "actions by hash, npm by the lock file" };
  });
});
