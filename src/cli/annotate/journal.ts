// Remembers how far a long run has come, so that a killed one goes on where it was: lines are written to a `.part` file and
// flushed to the disk, and only then is that length written to the journal. After a crash the file is cut back to the last
// length the journal vouches for, so no record is lost and none is there twice.
import {
  closeSync,
  existsSync,
  fstatSync,
  fsyncSync,
  ftruncateSync,
  openSync,
  readFileSync,
  renameSync,
  unlinkSync,
  writeSync,
} from "node:fs";
import { MnerError } from "../../core/mner-error.js";

/** How far a run has come. */
export interface RunState {
  /** Records of the input that are answered. */
  readonly records: number;
  readonly failed: number;
  /** Length of the output so far. */
  readonly bytes: number;
}

export interface Journal {
  /** Where an earlier run stopped; all zero for a new one. */
  readonly start: RunState;
  /** Adds to the output; not safe on the disk before the next commit. */
  write(text: string): void;
  commit(records: number, failed: number): void;
  /** Gives the output its name and removes the journal. */
  finish(): void;
  /** Leaves everything for a later run. */
  suspend(): void;
}

const NOTHING: RunState = { records: 0, failed: 0, bytes: 0 };

function unwritable(path: string, error: unknown): MnerError {
  return new MnerError("output-unwritable", `${path} cannot be written. Is the disk full, or the folder not yours?`, {
    cause: error,
  });
}

/**
 * `fingerprint` stands for everything the answers depend on: input, model and options. A journal with another one belongs to
 * another run, and going on from it would mix the two.
 */
export function openJournal(out: string, fingerprint: string, restart: boolean): Journal {
  const { part, journal } = namesFor(out);
  if (restart) {
    forgetRun(out);
    removeFile(out);
  }
  const state = readJournal(journal, fingerprint);
  if (existsSync(out) && state !== null && !existsSync(part)) {
    // Killed between the last two steps of finish: everything is there but the tidying up.
    removeFile(journal);
    return finished(state);
  }
  if (existsSync(out)) {
    throw new MnerError(
      "output-unwritable",
      `${out} already exists. Give another name, or write over it with --restart.`,
    );
  }
  const start = state !== null && existsSync(part) ? state : NOTHING;
  let output: number;
  let log: number;
  try {
    output = openSync(part, start === NOTHING ? "w" : "r+");
    if (fstatSync(output).size < start.bytes) {
      closeSync(output);
      throw new MnerError("input-invalid", `${part} is shorter than its journal says. Start anew with --restart.`);
    }
    ftruncateSync(output, start.bytes);
    log = openSync(journal, start === NOTHING ? "w" : "a");
    if (start === NOTHING) {
      writeSync(log, `${JSON.stringify({ fingerprint })}\n`);
      fsyncSync(log);
    } else {
      // A last line that was cut off by the crash must not grow together with the next one.
      writeSync(log, "\n");
    }
  } catch (error) {
    if (error instanceof MnerError) throw error;
    throw unwritable(part, error);
  }
  return new OpenJournal({ out, part, journal, output, log, start });
}

function namesFor(out: string): { part: string; journal: string } {
  return { part: `${out}.part`, journal: `${out}.journal` };
}

/** Drops what an unfinished run left behind. */
export function forgetRun(out: string): void {
  const { part, journal } = namesFor(out);
  removeFile(part);
  removeFile(journal);
}

function removeFile(path: string): void {
  if (existsSync(path)) unlinkSync(path);
}

function finished(start: RunState): Journal {
  return { start, write: () => {}, commit: () => {}, finish: () => {}, suspend: () => {} };
}

/** The last state that was written whole, or `null` when there is none. */
function readJournal(path: string, fingerprint: string): RunState | null {
  if (!existsSync(path)) return null;
  const lines = readFileSync(path, "utf8").split("\n").map(parseLine);
  const first = lines[0] as { fingerprint?: unknown } | null;
  if (first === null) return null; // Killed before the first line was whole: nothing was written yet.
  if (first.fingerprint !== fingerprint) {
    throw new MnerError(
      "input-invalid",
      `${path} belongs to a run with another input, model or options. Finish that one as it was, or start anew with --restart.`,
    );
  }
  return lines.findLast(isState) ?? NOTHING;
}

function parseLine(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    return null;
  }
}

function isState(value: unknown): value is RunState {
  if (typeof value !== "object" || value === null) return false;
  const { records, failed, bytes } = value as Partial<RunState>;
  return [records, failed, bytes].every((number) => Number.isSafeInteger(number));
}

interface OpenFiles {
  readonly out: string;
  readonly part: string;
  readonly journal: string;
  readonly output: number;
  readonly log: number;
  readonly start: RunState;
}

class OpenJournal implements Journal {
  readonly start: RunState;
  private readonly files: OpenFiles;
  private bytes: number;

  constructor(files: OpenFiles) {
    this.files = files;
    this.start = files.start;
    this.bytes = files.start.bytes;
  }

  write(text: string): void {
    const data = new TextEncoder().encode(text);
    try {
      let at = 0;
      while (at < data.length) at += writeSync(this.files.output, data, at, data.length - at, this.bytes + at);
    } catch (error) {
      throw unwritable(this.files.part, error);
    }
    this.bytes += data.length;
  }

  commit(records: number, failed: number): void {
    try {
      // The order is the whole point: first the lines, then the word that they are there.
      fsyncSync(this.files.output);
      writeSync(this.files.log, `${JSON.stringify({ records, failed, bytes: this.bytes })}\n`);
      fsyncSync(this.files.log);
    } catch (error) {
      throw unwritable(this.files.journal, error);
    }
  }

  finish(): void {
    this.suspend();
    renameSync(this.files.part, this.files.out);
    removeFile(this.files.journal);
  }

  suspend(): void {
    closeSync(this.files.output);
    closeSync(this.files.log);
  }
}
