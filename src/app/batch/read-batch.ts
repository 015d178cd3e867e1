// Reads a file of tweets into rows.

import { MnerError } from "../../core/mner-error.js";
import { type CorpusFormat, formatOf, readCorpus } from "../../corpus/index.js";
import { type BatchRow, newRow } from "./batch-row.js";

/** A page holds all rows at once; whoever has more is better served by the command line. */
export const MOST_ROWS = 50_000;

async function* chunksOf(file: Blob): AsyncGenerator<Uint8Array> {
  const reader = file.stream().getReader();
  try {
    for (let next = await reader.read(); !next.done; next = await reader.read()) yield next.value;
  } finally {
    reader.releaseLock();
  }
}

export async function readBatch(file: File, format: CorpusFormat = formatOf(file.name)): Promise<BatchRow[]> {
  const rows: BatchRow[] = [];
  for await (const record of readCorpus(chunksOf(file), format)) {
    if (rows.length >= MOST_ROWS) {
      throw new MnerError(
        "input-invalid",
        `${file.name} has more than ${MOST_ROWS.toLocaleString("en")} tweets. Split it, or use the command line: mner-qg annotate.`,
      );
    }
    rows.push(newRow(record, rows.length));
  }
  if (rows.length === 0) {
    throw new MnerError(
      "input-invalid",
      `${file.name} holds no tweets. It should be JSON lines, CSV with a “text” column, or CoNLL.`,
    );
  }
  return rows;
}
