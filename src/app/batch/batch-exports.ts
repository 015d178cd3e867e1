// A batch as a file, in the formats of `mner-qg annotate` and equal to them byte by byte (a test holds both together).

import type { Entity } from "../../core/results.js";
import { type CorpusRecord, joinTokens, spanToTokens, type TokenOffset, type Tweet } from "../../corpus/index.js";
import { findWords } from "../../text/words.js";
import type { BatchRow, RowFailure } from "./batch-row.js";

export type ExportFormat = "jsonl" | "csv" | "conll";

export const exportTypes: Readonly<Record<ExportFormat, string>> = {
  jsonl: "application/x-ndjson",
  csv: "text/csv",
  conll: "text/plain",
};

const CSV_HEADER = "line,id,start,end,text,type,score,x0,y0,x1,y1,error\n";

/** Rows that were not read yet are left out. */
export function writeBatch(rows: readonly BatchRow[], format: ExportFormat): Blob {
  const answered = rows.filter(({ status }) => status !== "waiting" && status !== "running");
  const write = { jsonl: toJsonLine, csv: toCsv, conll: toConll }[format];
  return new Blob([...(format === "csv" ? [CSV_HEADER] : []), ...answered.map(write)], { type: exportTypes[format] });
}

function failureOf({ result, failure }: BatchRow): RowFailure | null {
  return result === null ? (failure ?? { code: "internal", message: "There is no answer." }) : null;
}

const rounded = (value: number, digits: number): number => Number(value.toFixed(digits));

function toJsonLine(row: BatchRow): string {
  const { line, tweet } = row.record;
  const head = { line, id: tweet?.id ?? undefined, text: tweet?.text, image: tweet?.image ?? undefined };
  const failure = failureOf(row);
  if (failure) return `${JSON.stringify({ ...head, error: failure })}\n`;
  const { entities, queries, notices } = row.result!;
  const answer = {
    ...head,
    entities: entities.map(({ start, end, text, type, score, region }) => ({
      start,
      end,
      text,
      type,
      score: rounded(score, 4),
      box: region ? region.box.map((value) => rounded(value, 1)) : null,
      boxScore: region ? rounded(region.score, 4) : null,
    })),
    exists: Object.fromEntries(queries.map(({ type, exists }) => [type, rounded(exists, 4)])),
    notices: notices.length === 0 ? undefined : notices,
  };
  return `${JSON.stringify(answer)}\n`;
}

function oneLine(text: string): string {
  return text.replace(/\s+/g, " ").trim();
}

function tokensOf(tweet: Tweet): { readonly tokens: readonly string[]; readonly offsets: readonly TokenOffset[] } {
  if (tweet.tokens) return { tokens: tweet.tokens, offsets: joinTokens(tweet.tokens).offsets };
  const offsets = findWords(tweet.text);
  return { tokens: offsets.map(({ start, end }) => tweet.text.slice(start, end)), offsets };
}

function toConll(row: BatchRow): string {
  const { record, result } = row;
  const { tweet } = record;
  const head = tweet?.image == null ? "" : `IMGID:${oneLine(tweet.image)}\n`;
  const failure = failureOf(row);
  if (failure || tweet === null) return `${head}# line ${record.line}: ${oneLine(failure?.message ?? "")}\n\n`;
  const { tokens, offsets } = tokensOf(tweet);
  const tags = tokens.map(() => "O");
  // A token has one tag: of overlapping names the surer one has it.
  for (const entity of [...result!.entities].sort((a, b) => b.score - a.score)) tag(tags, tokens, offsets, entity);
  return `${head}${tokens.map((token, index) => `${token}\t${tags[index]}\n`).join("")}\n`;
}

function tag(
  tags: string[],
  tokens: readonly string[],
  offsets: readonly TokenOffset[],
  { start, end, type }: Entity,
): void {
  const range = spanToTokens(tokens, offsets, start, end);
  if (!range || tags.slice(range.first, range.last + 1).some((taken) => taken !== "O")) return;
  for (let index = range.first; index <= range.last; index++) {
    tags[index] = `${index === range.first ? "B" : "I"}-${type.replace(/\s+/g, "_")}`;
  }
}

/** One line per name; a tweet without any has one line, so that none goes missing. */
function toCsv(row: BatchRow): string {
  const record: CorpusRecord = row.record;
  const start = [String(record.line), record.tweet?.id ?? ""];
  const failure = failureOf(row);
  if (failure) return csvLine([...start, ...Array<string>(9).fill(""), failure.message]);
  const { entities } = row.result!;
  if (entities.length === 0) return csvLine([...start, ...Array<string>(10).fill("")]);
  return entities
    .map(({ start: from, end, text, type, score, region }) => {
      const box = region ? region.box.map((value) => String(rounded(value, 1))) : ["", "", "", ""];
      return csvLine([...start, String(from), String(end), text, type, String(rounded(score, 4)), ...box, ""]);
    })
    .join("");
}

function csvLine(fields: readonly string[]): string {
  return `${fields.map((field) => (/[",\r\n]/.test(field) ? `"${field.replaceAll('"', '""')}"` : field)).join(",")}\n`;
}
