// Tweets as CSV (RFC 4180): a header line that names `text`, and at will `image` (or `photo`) and `id`. Fields may be quoted
// and then hold separators, doubled quotes and line breaks. The separator (comma, semicolon or tab) is told by the header.
import { MnerError } from "../core/mner-error.js";
import type { Line } from "./lines.js";
import { broken, type CorpusRecord, sound } from "./record.js";

/** A quoted field that is still open after this many lines was never meant to be: a lone quote must not eat the file. */
const MOST_FIELD_LINES = 200;
/** Of a row over several lines; no tweet is a tenth of it. */
const MOST_ROW_CHARACTERS = 1_000_000;
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

/** Reads one row, line by line: a quoted field may go on in the next one, and is gone on with and not begun anew. */
class RowReader {
  private readonly separator: string;
  private readonly fields: string[] = [];
  /** The quoted field that is still open. */
  private open: string | null = null;

  constructor(separator: string) {
    this.separator = separator;
  }

  read(line: string): Row {
    let at = 0;
    if (this.open !== null) {
      this.open += "\n";
    } else if (line[0] === '"') {
      this.open = "";
      at = 1;
    }
    for (;;) {
      if (this.open !== null) {
        const end = this.readQuoted(line, at);
        if (end < 0) return null;
        if (end < line.length && line[end] !== this.separator) return { problem: "has text after a closing quote" };
        at = end;
      } else {
        const next = line.indexOf(this.separator, at);
        const end = next < 0 ? line.length : next;
        const value = line.slice(at, end);
        if (value.includes('"')) return { problem: "has a quote inside a field that is not quoted" };
        this.fields.push(value);
        at = end;
      }
      if (at >= line.length) return { fields: this.fields };
      at++;
      if (line[at] === '"') {
        this.open = "";
        at++;
      }
    }
  }

  /** Goes on with the open field; returns where it ends, or -1 when it does not end in this line. */
  private readQuoted(line: string, start: number): number {
    let at = start;
    for (;;) {
      const quote = line.indexOf('"', at);
      if (quote < 0) {
        this.open += line.slice(at);
        return -1;
      }
      this.open += line.slice(at, quote);
      at = quote + 1;
      if (line[at] !== '"') break;
      this.open += '"';
      at++;
    }
    this.fields.push(this.open!);
    this.open = null;
    return at;
  }
}

export function parseRow(line: string, separator: string): Row {
  return new RowReader(separator).read(line);
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
  let rows: RowAssembler | null = null;
  for await (const line of lines) {
    if (rows !== null) yield* rows.add(line);
    else if (line.problem !== null || line.text.trim() !== "") rows = new RowAssembler(readHeader(line));
  }
  if (rows === null)
    throw new MnerError("input-invalid", "The CSV file is empty. Its first line must name the columns.");
  yield* rows.end();
}

/** Makes rows of lines. When a quote never closes, its line is broken and reading starts again after it. */
class RowAssembler {
  private readonly columns: Columns;
  private reader: RowReader | null = null;
  /** Lines of the row that is still open. */
  private held: Line[] = [];
  private characters = 0;

  constructor(columns: Columns) {
    this.columns = columns;
  }

  *add(given: Line): Generator<CorpusRecord> {
    const waiting = [given];
    for (let line = waiting.pop(); line !== undefined; line = waiting.pop()) {
      const outcome = this.take(line);
      if (outcome === null) continue;
      if (outcome !== "spoiled") {
        yield* outcome;
        continue;
      }
      const [first, ...others] = this.forget();
      yield broken(first!.number, "opens a quote that is never closed");
      // Last in, first out: the lines after the broken one are read again, in order.
      waiting.push(...others.reverse());
    }
  }

  *end(): Generator<CorpusRecord> {
    while (this.held.length > 0) {
      const [first, ...others] = this.forget();
      yield broken(first!.number, "opens a quote that is never closed");
      for (const line of others) yield* this.add(line);
    }
  }

  /** `null`: the row goes on. */
  private take(line: Line): CorpusRecord[] | "spoiled" | null {
    this.held.push(line);
    const isFirst = this.held.length === 1;
    if (line.problem !== null) {
      if (!isFirst) return "spoiled";
      this.forget();
      return [broken(line.number, line.problem)];
    }
    this.characters += line.text.length;
    this.reader ??= new RowReader(this.columns.separator);
    const row = this.reader.read(line.text);
    if (row === null) {
      return this.held.length > MOST_FIELD_LINES || this.characters > MOST_ROW_CHARACTERS ? "spoiled" : null;
    }
    // A lone quote runs on to the next one, lines later, and leaves a row that fits no header.
    if (!isFirst && ("problem" in row || row.fields.length !== this.columns.count)) return "spoiled";
    const [first] = this.forget();
    return isFirst && line.text.trim() === "" ? [] : [toRecord(first!.number, row, this.columns)];
  }

  private forget(): Line[] {
    const { held } = this;
    this.held = [];
    this.reader = null;
    this.characters = 0;
    return held;
  }
}

function toRecord(line: number, row: Exclude<Row, null>, columns: Columns): CorpusRecord {
  if ("problem" in row) return broken(line, row.problem);
  const { fields } = row;
  if (fields.length !== columns.count) return broken(line, `has ${fields.length} fields instead of ${columns.count}`);
  const image = columns.image < 0 ? "" : fields[columns.image]!.trim();
  const id = columns.id < 0 ? "" : fields[columns.id]!.trim();
  return sound(line, { text: fields[columns.text]!, image: image === "" ? null : image, id: id === "" ? null : id });
}
