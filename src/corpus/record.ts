// One tweet of a file, whatever the file's kind, or what is wrong with that place of the file.

export interface Tweet {
  readonly text: string;
  /** A file name as the file gives it; `null` when it names none. */
  readonly image: string | null;
  readonly id: string | null;
  /** CoNLL only: the tokens the text was joined from, and their tags ("O" where the file gives none). */
  readonly tokens?: readonly string[];
  readonly tags?: readonly string[];
}

export interface CorpusRecord {
  /** The first line it stands on, counted from 1. */
  readonly line: number;
  /** `null` when the record is broken. */
  readonly tweet: Tweet | null;
  /** What is wrong, as a sentence that begins with "Line 12 …". */
  readonly problem: string | null;
}

export type CorpusFormat = "jsonl" | "csv" | "conll";

/** A text longer than this is a mistake of the file, not a tweet. */
export const MOST_TEXT_CHARACTERS = 100_000;

/** No file system has longer names. */
const MOST_NAME_CHARACTERS = 4096;

export function broken(line: number, problem: string): CorpusRecord {
  return { line, tweet: null, problem: `Line ${line} ${problem}.` };
}

export function sound(line: number, tweet: Tweet): CorpusRecord {
  if (tweet.text.trim() === "") return broken(line, "has no text");
  if (tweet.text.length > MOST_TEXT_CHARACTERS) {
    return broken(line, `has a text of ${tweet.text.length} characters (at most ${MOST_TEXT_CHARACTERS} are read)`);
  }
  for (const [what, name] of [
    ["a photo's name", tweet.image],
    ["an id", tweet.id],
  ] as const) {
    if (name !== null && name.length > MOST_NAME_CHARACTERS) {
      return broken(line, `has ${what} of ${name.length} characters (at most ${MOST_NAME_CHARACTERS} are read)`);
    }
  }
  return { line, tweet, problem: null };
}
