// Every pattern of the sources, tried on texts made of its own characters: doubling the text may not take four times as long.
import { readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { runInNewContext } from "node:vm";
import { parseAst, transformWithOxc } from "vite";
import { describe, expect } from "vitest";
import { holdLinear } from "../support/growth.js";
import { attempts } from "../support/ledger.js";

const attempt = attempts("1 input");
const root = fileURLToPath(new URL("../../../src/", import.meta.url));

interface Pattern {
  readonly file: string;
  readonly source: string;
  readonly flags: string;
}

/** All literals; patterns that are put together at run time would not be found, and are forbidden below. */
async function patternsOf(file: string): Promise<Pattern[]> {
  const { code } = await transformWithOxc(readFileSync(`${root}${file}`, "utf8"), file);
  const found: Pattern[] = [];
  const walk = (node: unknown): void => {
    if (typeof node !== "object" || node === null) return;
    const { regex } = node as { regex?: { pattern: string; flags: string } };
    if (regex) found.push({ file, source: regex.pattern, flags: regex.flags });
    for (const child of Object.values(node)) walk(child);
  };
  walk(parseAst(code));
  return found;
}

const files = readdirSync(root, { recursive: true, encoding: "utf8" })
  .map((file) => file.replaceAll("\\", "/"))
  .filter((file) => file.endsWith(".ts") && !/\.(?:test|d)\.ts$/.test(file));

/** Characters that the pattern names itself, and one of each kind that classes stand for. */
function alphabetOf(source: string): string[] {
  const own = [...source.replace(/\\[pP]\{[^}]*\}|\\u\{?[0-9a-f]{4,6}\}?|\\./gi, "")].filter(
    (letter) => !"()|?*+^$[]{}".includes(letter),
  );
  const words = source.match(/[A-Za-z-]{3,}/g) ?? [];
  return [
    ...new Set(["a", " ", "\n", ".", "1", '"', "é", "🙂", "\u200d", "\ufe0f", "1\ufe0f\u20e3", "🇩", ...own, ...words]),
  ].slice(0, 40);
}

/** What is repeated, and what stands behind so that the pattern fails at the very end. */
function* attacks(source: string): Generator<readonly [again: string, behind: string]> {
  const alphabet = alphabetOf(source);
  for (const again of alphabet) for (const behind of ["", "\u0000", "!"]) yield [again, behind];
  for (let at = 0; at + 1 < alphabet.length; at++) yield [alphabet[at]! + alphabet[at + 1]!, "\u0000"];
}

/** A pattern cannot be stopped from within; the machine around it can. */
function takesLong(pattern: Pattern, text: string, milliseconds: number): boolean {
  try {
    runInNewContext("new RegExp(source, flags).test(text)", { ...pattern, text }, { timeout: milliseconds });
    return false;
  } catch (error) {
    if ((error as { code?: string }).code === "ERR_SCRIPT_EXECUTION_TIMEOUT") return true;
    throw error;
  }
}

describe("patterns", () => {
  attempt(
    "of every source file, on texts of their own characters",
    async () => {
      const patterns = (await Promise.all(files.map(patternsOf))).flat();
      expect(patterns.length).toBeGreaterThan(50);
      const slow: string[] = [];
      let tries = 0;
      for (const pattern of patterns) {
        for (const [again, behind] of attacks(pattern.source)) {
          tries++;
          // 20,000 characters take a linear pattern less than a millisecond; a quadratic one 100 and more, an exponential one for ever.
          const text = again.repeat(Math.ceil(20_000 / again.length)) + behind;
          const run = new RegExp(pattern.source, pattern.flags);
          if (!takesLong(pattern, text, 40)) continue;
          await holdLinear(`/${pattern.source}/`, (size) => {
            if (takesLong(pattern, again.repeat(Math.ceil(size / again.length)) + behind, 5000))
              throw new Error(`/${pattern.source}/ does not end.`);
          }).catch((error: Error) =>
            slow.push(`${pattern.file}: ${error.message} (${JSON.stringify(again)}, ${run.flags})`),
          );
          break;
        }
      }
      expect(slow).toEqual([]);
      return { tries, outcome: `${patterns.length} patterns, none grows faster than its text` };
    },
    300_000,
  );

  attempt("put together at run time", () => {
    const made = files.filter((file) => /new RegExp\(/.test(readFileSync(`${root}${file}`, "utf8")));
    expect(made).toEqual([]);
    return { tries: files.length, outcome: "none: every pattern is a literal, and tried" };
  });
});
