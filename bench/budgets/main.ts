// All rows, one after the other, and whether they hold.
import { existsSync } from "node:fs";
import { join } from "node:path";
import { ROOT } from "../harness/root.js";
import { openSite } from "../harness/site.js";
import { f1Rows } from "./f1.js";
import { healthRows } from "./health.js";
import { judge, type Row } from "./row.js";
import { sizeRows } from "./sizes.js";
import { speedRows } from "./speed.js";

export async function main(options: readonly string[]): Promise<number> {
  if (!existsSync(join(ROOT, "dist/mner-qg.js"))) {
    console.error("There is nothing to measure. Run: npm run build");
    return 1;
  }
  let failed = 0;
  const show = (rows: readonly Row[]): void => {
    for (const row of rows) {
      const verdict = judge(row);
      if (verdict !== "fits") failed++;
      console.log(line(row, verdict));
    }
  };
  show(await sizeRows());
  if (options.includes("--sizes")) return failed > 0 ? 1 : 0;
  const site = await openSite();
  try {
    show(await healthRows(site));
    show(await speedRows(site));
  } finally {
    await site.close();
  }
  // Last, because it may take minutes.
  show(f1Rows());
  return failed > 0 ? 1 : 0;
}

function line({ name, found, limit, atLeast, unit, note }: Row, verdict: string): string {
  const plain = (value: number): string => value.toLocaleString("en", { maximumFractionDigits: 2 });
  const figure = `${found === null ? "?" : plain(found)} of ${atLeast ? "at least" : "at most"} ${plain(limit)} ${unit}`;
  return `${name.padEnd(64)} ${figure.trimEnd().padStart(34)}  ${verdict}${note ? `  (${note})` : ""}`;
}
