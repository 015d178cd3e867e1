// Tweets as CSV (RFC 4180): a header line that names `text`, and at will `image` (or `photo`) and `id`. Fields may be quoted
// and then hold separators, doubled quotes and line breaks. The separator (comma, semicolon or tab) is told by the header.
import { MnerError } from "../core/mner-error.js";
import type { Line } from "./lines.js";
import { broken, type CorpusRecord, sound } from "./record.js";

/** A quoted field that is still open after this many lines was never meant to be: a lone quote must not eat the file. */
const MOST_FIELD_LINES = 200;
const SEPARATORS = [",", ";", "\t"];

/** `null`: the row goes on in the next line. */
type Row = { readonly fields: readonly string[] } | { readonly problem: string } | null;

interface Columns {
  readonly count: number;
  readonly text: number;
  readonly image: number;
  readonly id: number;
  readonly separator: string;
}

export function parseRow(source: string, separator: string): Row {
  const fields: string[] = [];
  let at = 0;
  for (;;) {
    if (source[at] === '"') {
      let value = "";
      for (;;) {
        const quote = source.indexOf('"', at + 1);
        if (quote < 0) return null;
        value += source.slice(at + 1, quote);
        at = quote + 1;
        if (source[at] !== '"') break;
        value += '"';
      }
      fields.push(value);
      if (at < source.length && source[at] !== separator) return { problem: "has text after a closing quote" };
    } else {
      const next = source.indexOf(separator, at);
      const end = next < 0 ? source.length : next;
      const value = source.slice(at, end);
      if (value.includes('"')) return { problem: "has a quote inside a field that is not quoted" };
      fields.push(value);
      at = end;
    }
    if (at >= source.length) return { fields };
    at++;
  }
}

function readHeader(line: Line): Columns {
  for (const separator of SEPARATORS) {
    const row = parseRow(line.text, separator);
    if (row === null || "problem" in row) continue;
    const names = row.fields.map((field) => field.trim().toLowerCase());
    const text = names.indexOf("text");
    if (text < 0) continue;
    const image = Math.max(names.indexOf("image"), names.indexOf("photo"));
    return { count: names.length, text, image, id: names.indexOf("id"), separator };
  }
  throw new MnerError(
    "input-invalid",
    'The CSV file has no column named "text". Its first line must name the columns, as in: id,text,image.',
  );
}

export async function* readCsv(lines: AsyncIterable<Line>): AsyncGenerator<CorpusRecord> {
  let columns: Columns | null = null;
  /** Lines of a row whose quote is still open. */
  let open: Line[] = [];
  for await (const line of lines) {
    if (columns === null) {
      if (line.problem === null && line.text.trim() === "") continue;
      columns = readHeader(line);
      continue;
    }
    open.push(line);
    const { records, rest } = takeRows(open, columns, false);
    yield* records;
    open = rest;
  }
  if (columns === null)
    throw new MnerError("input-invalid", "The CSV file is empty. Its first line must name the columns.");
  yield* takeRows(open, columns, true).records;
}

/** Reads as many rows as these lines hold. When a quote never closes, its line is broken and reading starts again after it. */
function takeRows(lines: Line[], columns: Columns, atEnd: boolean): { records: CorpusRecord[]; rest: Line[] } {
  const records: CorpusRecord[] = [];
  let rest = lines;
  while (rest.length > 0) {
    const first = rest[0]!;
    let used = 0;
    let row: Row = null;
    let source = "";
    while (used < rest.length && row === null && rest[used]!.problem === null) {
      source += (used === 0 ? "" : "\n") + rest[used]!.text;
      used++;
      row = parseRow(source, columns.separator);
    }
    if (row === null) {
      const spoiled = used < rest.length || rest.length > MOST_FIELD_LINES;
      if (!spoiled && !atEnd) break;
      records.push(broken(first.number, first.problem ?? "opens a quote that is never closed"));
      rest = rest.slice(1);
      continue;
    }
    // A lone quote runs on to the next one, lines later, and leaves a row that fits no header.
    const fits = !("problem" in row) && row.fields.length === columns.count;
    if (used > 1 && !fits) {
      records.push(broken(first.number, "opens a quote that is never closed"));
      rest = rest.slice(1);
      continue;
    }
    rest = rest.slice(used);
    if (source.trim() !== "") records.push(toRecord(first.number, row, columns));
  }
  return { records, rest };
}

function toRecord(line: number, row: Exclude<Row, null>, columns: Columns): CorpusRecord {
  if ("problem" in row) return broken(line, row.problem);
  const { fields } = row;
  if (fields.length !== columns.count) return broken(line, `has ${fields.length} fields instead of ${columns.count}`);
  const image = columns.image < 0 ? "" : fields[columns.image]!.trim();
  const id = columns.id < 0 ? "" : fields[columns.id]!.trim();
  return sound(line, { text: fields[columns.text]!, image: image === "" ? null : image, id: id === "" ? null : id });
}
