// Remembers how far a long run has come, so that a killed one goes on where it was: lines are written to a `.part` file and
// flushed to the disk, and only then is that length written to the journal. After a crash the file is cut back to the last
// length the journal vouches for, so no record is lost and none is there twice. The output itself is only ever touched by the
// last rename.
import {
  closeSync,
  fstatSync,
  fsyncSync,
  ftruncateSync,
  readFileSync,
  renameSync,
  unlinkSync,
  writeSync,
} from "node:fs";
import { MnerError } from "../../core/mner-error.js";
import { fileAt, openOwn, requireOwn, unwritable } from "./own-files.js";
import { lockRun } from "./run-lock.js";

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

export interface RunFiles {
  readonly out: string;
  /** What is read: a path, the number of an open file, or nothing that could be written over. */
  readonly input?: string | number | null;
  /** Stands for everything the answers depend on: input, model and options. `null`: the input can be read only once. */
  readonly fingerprint: string | null;
  /** Forget an earlier run, and replace its output in the end. */
  readonly restart?: boolean;
}

const NOTHING: RunState = { records: 0, failed: 0, bytes: 0 };

interface Names {
  readonly out: string;
  readonly part: string;
  readonly journal: string;
}

/** What a journal says. */
interface Log {
  readonly fingerprint: string | null;
  /** The run may replace an output that is there already. */
  readonly replaces: boolean;
  readonly state: RunState;
  /** Length of the whole output, once only the last rename was missing. */
  readonly finished: number | null;
}

export function openJournal({ out, input = null, fingerprint, restart = false }: RunFiles): Journal {
  const names: Names = { out, part: `${out}.part`, journal: `${out}.journal` };
  if (/\.(?:part|journal|lock)$/.test(out)) {
    throw new MnerError("output-unwritable", `${out} has an ending that unfinished runs use. Give another --out.`);
  }
  const requireOwnFiles = () => {
    for (const path of [out, names.part, names.journal]) requireOwn(path, input);
  };
  requireOwnFiles();
  const unlock = lockRun(out);
  try {
    // Again: what was looked at before the lock may have changed.
    requireOwnFiles();
    return openLocked(names, fingerprint, restart, unlock);
  } catch (error) {
    unlock();
    throw error;
  }
}

function openLocked(names: Names, fingerprint: string | null, restart: boolean, unlock: () => void): Journal {
  const { out, part, journal } = names;
  const log = readLog(names);
  if (!restart && log !== null) requireSameRun(names, log, fingerprint);
  const state = restart || log === null ? NOTHING : log.state;
  const partThere = fileAt(part) !== null;
  if (!restart && log?.finished != null && !partThere && fileAt(out)?.size === BigInt(log.finished)) {
    // Killed between the last two steps of finish: everything is there but the tidying up.
    unlinkSync(journal);
    unlock();
    return finished(state);
  }
  const replaces = restart || log?.replaces === true;
  if (fileAt(out) !== null && !replaces) {
    throw new MnerError(
      "output-unwritable",
      `${out} already exists. Give another name, or write over it with --restart.`,
    );
  }
  const goesOn = state !== NOTHING && partThere;
  if (!goesOn) {
    remove(part);
    remove(journal);
  }
  // The journal first: a .part without one is somebody else's.
  const logFile = openOwn(journal, !goesOn);
  let output: number | null = null;
  try {
    appendLine(logFile, goesOn ? "" : JSON.stringify({ fingerprint, replaces }));
    output = openOwn(part, !goesOn);
    if (fstatSync(output).size < state.bytes) {
      throw new MnerError("input-invalid", `${part} is shorter than its journal says. Start anew with --restart.`);
    }
    if (goesOn) ftruncateSync(output, state.bytes);
  } catch (error) {
    closeSync(logFile);
    if (output !== null) closeSync(output);
    throw error instanceof MnerError ? error : unwritable(part, error);
  }
  return new OpenJournal({ ...names, output, log: logFile, start: goesOn ? state : NOTHING, replaces, unlock });
}

function requireSameRun({ out, journal }: Names, log: Log, fingerprint: string | null): void {
  if (fingerprint === null) {
    throw new MnerError(
      "output-unwritable",
      `${out} has an unfinished run (${journal}). Finish that one, give another --out, or drop it with --restart.`,
    );
  }
  if (log.fingerprint === fingerprint) return;
  throw new MnerError(
    "input-invalid",
    `${journal} belongs to a run with another input, model or options. Finish that one as it was, or start anew with --restart.`,
  );
}

/** A line after a fresh start: one that was cut off by a crash must not grow together with the next. */
function appendLine(log: number, line: string): void {
  const { size } = fstatSync(log);
  writeSync(log, `${line}\n`, size);
  fsyncSync(log);
}

function remove(path: string): void {
  try {
    if (fileAt(path) !== null) unlinkSync(path);
  } catch (error) {
    throw unwritable(path, error);
  }
}

function finished(start: RunState): Journal {
  return { start, write: () => {}, commit: () => {}, finish: () => {}, suspend: () => {} };
}

/** What an earlier run left behind; `null` when there is nothing to go on from. Files that no run made are never taken for one. */
function readLog({ part, journal }: Names): Log | null {
  if (fileAt(journal) === null) {
    if (fileAt(part) === null) return null;
    throw foreign(part);
  }
  const descriptor = openOwn(journal, false);
  let text: string;
  try {
    text = readFileSync(descriptor, "utf8");
  } finally {
    closeSync(descriptor);
  }
  const lines = text.split("\n").map(parseLine);
  const first = lines[0] as Partial<Log> | null;
  if (first === null) {
    // Killed before the first line was whole: nothing was written yet.
    const begun = '{"fingerprint":'.startsWith(text) || text.startsWith('{"fingerprint":');
    if (begun && !text.includes("\n")) return null;
    throw foreign(journal);
  }
  if (typeof first !== "object" || !Object.hasOwn(first, "fingerprint")) throw foreign(journal);
  const last = lines.findLast((line) => line !== null) as { finished?: unknown };
  return {
    fingerprint: typeof first.fingerprint === "string" ? first.fingerprint : null,
    replaces: first.replaces === true,
    state: lines.findLast(isState) ?? NOTHING,
    finished: Number.isSafeInteger(last.finished) ? (last.finished as number) : null,
  };
}

function foreign(path: string): MnerError {
  return new MnerError(
    "output-unwritable",
    `${path} was not made by a run of this command, and is left alone. Move it away, or give another --out.`,
  );
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
  return [records, failed, bytes].every((number) => Number.isSafeInteger(number) && number! >= 0);
}

interface OpenFiles extends Names {
  readonly output: number;
  readonly log: number;
  readonly start: RunState;
  readonly replaces: boolean;
  readonly unlock: () => void;
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
      appendLine(this.files.log, JSON.stringify({ records, failed, bytes: this.bytes }));
    } catch (error) {
      throw unwritable(this.files.journal, error);
    }
  }

  finish(): void {
    const { out, part, journal, output, log, replaces, unlock } = this.files;
    try {
      fsyncSync(output);
      const there = fileAt(out);
      if (there !== null && !(replaces && there.isFile())) {
        throw new MnerError("output-unwritable", `${out} appeared during the run. The answers are in ${part}.`);
      }
      appendLine(log, JSON.stringify({ finished: this.bytes }));
      this.close();
      renameSync(part, out);
      unlinkSync(journal);
    } catch (error) {
      throw error instanceof MnerError ? error : unwritable(out, error);
    } finally {
      unlock();
    }
  }

  suspend(): void {
    this.close();
    this.files.unlock();
  }

  private close(): void {
    closeSync(this.files.output);
    closeSync(this.files.log);
  }
}
