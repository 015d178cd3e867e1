// Cuts a stream of bytes into lines without ever holding more than one of them. Bytes, not text: a line that is not UTF-8 is
// the fault of that line alone and must not spoil its neighbours.
import { joinBytes } from "../core/bytes.js";

/** What one line may have at most; a longer one is reported and dropped, not collected. */
const MOST_LINE_BYTES = 4 * 1024 * 1024;

export interface Line {
  /** Counted from 1. */
  readonly number: number;
  readonly text: string;
  /** Why the text cannot be used, or `null`. */
  readonly problem: string | null;
}

const LINE_FEED = 0x0a;
const CARRIAGE_RETURN = 0x0d;

function decode(bytes: Uint8Array, number: number): Line {
  const end = bytes.at(-1) === CARRIAGE_RETURN ? bytes.length - 1 : bytes.length;
  const content = bytes.subarray(0, end);
  try {
    // Only the first line may begin with a byte order mark; elsewhere it is a character like any other.
    const text = new TextDecoder("utf-8", { fatal: true, ignoreBOM: number > 1 }).decode(content);
    return { number, text, problem: null };
  } catch {
    return { number, text: new TextDecoder().decode(content), problem: "is not UTF-8 text" };
  }
}

/** Lines end with LF or CRLF; the last one may end with neither. */
export async function* splitLines(
  chunks: AsyncIterable<Uint8Array>,
  mostBytes = MOST_LINE_BYTES,
): AsyncGenerator<Line> {
  let parts: Uint8Array[] = [];
  let held = 0;
  let tooLong = false;
  let number = 0;
  const finish = (): Line => {
    number++;
    const line = tooLong
      ? { number, text: "", problem: `is longer than ${mostBytes} bytes` }
      : decode(parts.length === 1 ? parts[0]! : joinBytes(parts), number);
    parts = [];
    held = 0;
    tooLong = false;
    return line;
  };
  for await (const chunk of chunks) {
    let start = 0;
    while (start < chunk.length) {
      const feed = chunk.indexOf(LINE_FEED, start);
      const end = feed < 0 ? chunk.length : feed;
      held += end - start;
      if (held > mostBytes) {
        tooLong = true;
        parts = [];
      } else if (end > start) {
        parts.push(chunk.subarray(start, end));
      }
      if (feed < 0) break;
      yield finish();
      start = feed + 1;
    }
  }
  if (held > 0) yield finish();
}
