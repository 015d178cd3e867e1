// Reads tweets out of a stream of bytes, in any of the three kinds of file, in constant memory.
import { MnerError } from "../core/mner-error.js";
import { readConll } from "./conll.js";
import { readCsv } from "./csv.js";
import { readJsonLines } from "./jsonl.js";
import { splitLines } from "./lines.js";
import type { CorpusFormat, CorpusRecord } from "./record.js";

const readers = { jsonl: readJsonLines, csv: readCsv, conll: readConll } as const;

export function readCorpus(chunks: AsyncIterable<Uint8Array>, format: CorpusFormat): AsyncGenerator<CorpusRecord> {
  return readers[format](splitLines(chunks));
}

const formatsByEnding: ReadonlyMap<string, CorpusFormat> = new Map([
  ["jsonl", "jsonl"],
  ["ndjson", "jsonl"],
  ["json", "jsonl"],
  ["csv", "csv"],
  ["tsv", "csv"],
  ["conll", "conll"],
  ["bio", "conll"],
  ["txt", "conll"],
]);

/** Tells the kind of file from its name's ending. */
export function formatOf(name: string): CorpusFormat {
  const ending = /\.([A-Za-z0-9]+)$/.exec(name)?.[1]?.toLowerCase() ?? "";
  const format = formatsByEnding.get(ending);
  if (format !== undefined) return format;
  throw new MnerError(
    "input-invalid",
    `The kind of "${name}" is not told by its name. Name it .jsonl, .csv, or .conll (also .txt, .bio, .tsv).`,
  );
}
