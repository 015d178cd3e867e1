// Before the suite: a file for its rows. After it: the table, on the terminal and, when HOSTILE_TABLE names a file, in it.
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TestProject } from "vitest/node";
import type { Row } from "./ledger.js";

export default function setup(project: TestProject): () => void {
  const folder = mkdtempSync(join(tmpdir(), "mner-qg-hostile-"));
  const rows = join(folder, "rows.jsonl");
  // Tests of faults that stand elsewhere may have been run before.
  const elsewhere = process.env.HOSTILE_ELSEWHERE ?? "";
  writeFileSync(rows, existsSync(elsewhere) ? readFileSync(elsewhere) : "");
  project.provide("hostileRows", rows);
  return () => {
    const found = readFileSync(rows, "utf8")
      .split("\n")
      .filter((line) => line !== "")
      .map((line) => JSON.parse(line) as Row);
    rmSync(folder, { recursive: true });
    if (found.length === 0) return;
    const table = toTable(found);
    console.log(`\n${table}\n`);
    if (process.env.HOSTILE_TABLE) writeFileSync(process.env.HOSTILE_TABLE, `${table}\n`);
  };
}

function toTable(rows: readonly Row[]): string {
  const cell = (value: unknown): string => String(value).replaceAll("|", "\\|").replaceAll("\n", " ");
  const lines = [...rows]
    .sort((one, other) => one.class.localeCompare(other.class))
    .map((row) => [row.class, row.case, row.tries.toLocaleString("en"), row.outcome, row.code].map(cell).join(" | "));
  const tries = rows.reduce((sum, row) => sum + row.tries, 0);
  const failed = rows.filter(({ outcome }) => outcome === "FAILED").length;
  return [
    "| class | case | tries | what happened | code |",
    "| --- | --- | ---: | --- | --- |",
    ...lines.map((line) => `| ${line} |`),
    "",
    `${rows.length} cases, ${tries.toLocaleString("en")} tries, ${failed} cases failed.`,
  ].join("\n");
}
