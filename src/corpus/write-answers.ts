// Answered tweets as text: the one writer of every format that annotate and the demo's batch view save. A format is one entry
// of ANSWER_WRITERS; both offer whatever stands there.
import { findWords } from "../text/words.js";
import { joinTokens, spanToTokens, type TokenOffset } from "./detokenise.js";
import type { CorpusRecord, Tweet } from "./record.js";

/** What is needed of an analysis; the engine's results fit. */
export interface WrittenResult {
  readonly image: { readonly width: number; readonly height: number } | null;
  readonly entities: readonly {
    readonly start: number;
    readonly end: number;
    readonly text: string;
    readonly type: string;
    readonly score: number;
    readonly region: { readonly box: readonly [number, number, number, number]; readonly score: number } | null;
  }[];
  readonly queries: readonly { readonly type: string; readonly exists: number }[];
  readonly notices: readonly { readonly code: string; readonly message: string }[];
}

/** Either a result or a failure; a failure is an answer too. */
export type WrittenOutcome =
  | { readonly result: WrittenResult; readonly failure: null }
  | { readonly result: null; readonly failure: { readonly code: string; readonly message: string } };

export interface AnsweredRecord {
  readonly record: CorpusRecord;
  readonly outcome: WrittenOutcome;
}

export interface AnswerWriter {
  /** As a person calls it. */
  readonly name: string;
  readonly mediaType: string;
  /** The file name's last part. */
  readonly ending: string;
  /** What a file begins and ends with. */
  readonly header: string;
  readonly footer: string;
  /** `index`: how many records were written before this one, for formats that put something between two. */
  format(answered: AnsweredRecord, index: number): string;
}

export type AnswerFormat = "jsonl" | "csv" | "conll";

export const ANSWER_WRITERS: Readonly<Record<AnswerFormat, AnswerWriter>> = {
  jsonl: {
    name: "JSON lines",
    mediaType: "application/x-ndjson",
    ending: "jsonl",
    header: "",
    footer: "",
    format: (answered) => withoutControls(toJsonLine(answered), escaped),
  },
  csv: {
    name: "CSV",
    mediaType: "text/csv",
    ending: "csv",
    header: "line,id,start,end,text,type,score,x0,y0,x1,y1,error\n",
    footer: "",
    format: (answered) => withoutControls(toCsv(answered), REPLACEMENT),
  },
  conll: {
    name: "CoNLL",
    mediaType: "text/plain",
    ending: "conll",
    header: "",
    footer: "",
    format: (answered) => withoutControls(toConll(answered), REPLACEMENT),
  },
};

export const ANSWER_FORMATS = Object.keys(ANSWER_WRITERS) as readonly AnswerFormat[];

const REPLACEMENT = "\ufffd";
const escaped = (character: string): string => `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`;

/** Answers end on terminals too, which obey control characters. One takes the place of one, so that offsets stay. */
function withoutControls(text: string, instead: string | ((character: string) => string)): string {
  return text.replace(/\p{Cc}/gu, (character) => {
    if (character === "\n" || character === "\r" || character === "\t") return character;
    return typeof instead === "string" ? instead : instead(character);
  });
}

/** Enough digits to order by, few enough to read. */
const rounded = (value: number, digits: number): number => Number(value.toFixed(digits));

function toJsonLine({ record, outcome }: AnsweredRecord): string {
  const { line, tweet } = record;
  const head = { line, id: tweet?.id ?? undefined, text: tweet?.text, image: tweet?.image ?? undefined };
  if (outcome.failure !== null) return `${JSON.stringify({ ...head, error: outcome.failure })}\n`;
  const { entities, queries, notices } = outcome.result;
  const answer = {
    ...head,
    entities: entities.map(({ start, end, text, type, score, region }) => ({
      start,
      end,
      text,
      type,
      score: rounded(score, 4),
      box: region === null ? null : region.box.map((value) => rounded(value, 1)),
      boxScore: region === null ? null : rounded(region.score, 4),
    })),
    exists: Object.fromEntries(queries.map(({ type, exists }) => [type, rounded(exists, 4)])),
    notices: notices.length === 0 ? undefined : notices,
  };
  return `${JSON.stringify(answer)}\n`;
}

/** Tokens of the input where it had some, else the words that spans are made of. */
function tokensOf(tweet: Tweet): { tokens: readonly string[]; offsets: readonly TokenOffset[] } {
  if (tweet.tokens !== undefined) return { tokens: tweet.tokens, offsets: joinTokens(tweet.tokens).offsets };
  const offsets = findWords(tweet.text);
  return { tokens: offsets.map(({ start, end }) => tweet.text.slice(start, end)), offsets };
}

function toConll({ record, outcome }: AnsweredRecord): string {
  const { tweet } = record;
  // A comment could not be told from a hashtag: what failed is left out, and stands in the other formats.
  if (outcome.failure !== null || tweet === null) return "";
  const row = tweet.image ?? tweet.id;
  const head = row == null ? "" : `IMGID:${oneLine(row)}\n`;
  const { tokens, offsets } = tokensOf(tweet);
  const tags = tokens.map(() => "O");
  // A token has one tag: where spans overlap, the surer one has it.
  for (const entity of [...outcome.result.entities].sort((a, b) => b.score - a.score))
    tag(tags, tokens, offsets, entity);
  // A space before a token that would be read as something else; readers strip it.
  const indent = (token: string) => (/^(?:IMGID:|-DOCSTART-)/.test(token) ? " " : "");
  return `${head}${tokens.map((token, index) => `${indent(token)}${token}\t${tags[index]}\n`).join("")}\n`;
}

function tag(
  tags: string[],
  tokens: readonly string[],
  offsets: readonly TokenOffset[],
  entity: WrittenResult["entities"][number],
): void {
  const range = spanToTokens(tokens, offsets, entity.start, entity.end);
  if (range === null || tags.slice(range.first, range.last + 1).some((taken) => taken !== "O")) return;
  const type = entity.type.replace(/\s+/g, "_");
  for (let index = range.first; index <= range.last; index++)
    tags[index] = `${index === range.first ? "B" : "I"}-${type}`;
}

function oneLine(text: string): string {
  return text.replace(/\s+/g, " ").trim();
}

/** One row per name; a tweet without any has one row, so that no record goes missing. */
function toCsv({ record, outcome }: AnsweredRecord): string {
  const start = [String(record.line), record.tweet?.id ?? ""];
  if (outcome.failure !== null) return csvRow([...start, ...Array<string>(9).fill(""), outcome.failure.message]);
  const { entities } = outcome.result;
  if (entities.length === 0) return csvRow([...start, ...Array<string>(10).fill("")]);
  return entities
    .map(({ start: from, end, text, type, score, region }) => {
      const box = region === null ? ["", "", "", ""] : region.box.map((value) => String(rounded(value, 1)));
      return csvRow([...start, String(from), String(end), text, type, String(rounded(score, 4)), ...box, ""]);
    })
    .join("");
}

function csvRow(fields: readonly string[]): string {
  return `${fields.map((field) => (/[",\r\n]/.test(field) ? `"${field.replaceAll('"', '""')}"` : field)).join(",")}\n`;
}
