// One run at a time writes to one output: a lock file beside it, made before anything is opened for writing. It names its
// process, so that the lock of a run that was killed is told from a living one.
import { linkSync, readFileSync, renameSync, unlinkSync, writeFileSync } from "node:fs";
import { hostname } from "node:os";
import { MnerError } from "../../core/mner-error.js";
import { fileAt, unwritable } from "./own-files.js";

interface Owner {
  readonly pid: number;
  readonly host: string;
  /** When the process began, as the system counts it; `null` where that is not told. Numbers of processes are used again. */
  readonly began: string | null;
}

/** Field 22 of /proc/PID/stat; the name before it may hold spaces and brackets. */
function beginningOf(pid: number): string | null {
  try {
    return readFileSync(`/proc/${pid}/stat`, "latin1").split(") ").at(-1)!.split(" ")[19] ?? null;
  } catch {
    return null;
  }
}

function isAlive(owner: Owner): boolean {
  // Another machine's processes cannot be seen from here.
  if (owner.host !== hostname()) return true;
  try {
    process.kill(owner.pid, 0);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
  return owner.began === null || owner.began === beginningOf(owner.pid);
}

function parseOwner(text: string): Owner | null {
  try {
    const { pid, host, began } = JSON.parse(text) as Partial<Owner>;
    const sound = Number.isSafeInteger(pid) && pid! > 0 && typeof host === "string";
    return sound ? { pid: pid!, host, began: typeof began === "string" ? began : null } : null;
  } catch {
    return null;
  }
}

const BEGINNING_MILLISECONDS = 10_000;

function isOld(path: string): boolean {
  return Date.now() - Number(fileAt(path)?.mtimeMs ?? 0) > BEGINNING_MILLISECONDS;
}

function read(path: string): string | null {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return null;
  }
}

/** Takes the lock and returns the way to give it back; throws when a living run has it. */
export function lockRun(out: string): () => void {
  const path = `${out}.lock`;
  const own = JSON.stringify({ pid: process.pid, host: hostname(), began: beginningOf(process.pid) } satisfies Owner);
  for (let attempt = 0; attempt < 5; attempt++) {
    try {
      // "wx" makes the file or fails; it follows no link.
      writeFileSync(path, own, { flag: "wx" });
      return () => {
        if (read(path) === own) unlinkSync(path);
      };
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw unwritable(path, error);
    }
    const found = read(path);
    if (found === null) continue;
    const owner = parseOwner(found);
    // One without an owner is of a run that is just beginning, or was killed in that moment.
    if (owner === null ? !isOld(path) : isAlive(owner)) throw busy(out, path, owner);
    dropStale(path, found);
  }
  throw busy(out, path, null);
}

/** Of two runs that find the same stale lock only one may remove it: renaming succeeds once. */
function dropStale(path: string, content: string): void {
  const aside = `${path}.${process.pid}`;
  try {
    renameSync(path, aside);
    // Somebody was faster and this is already their lock: give it back.
    if (read(aside) !== content) linkSync(aside, path);
    unlinkSync(aside);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ENOENT") throw unwritable(path, error);
  }
}

function busy(out: string, path: string, owner: Owner | null): MnerError {
  const who = owner === null ? "another run" : `process ${owner.pid} on ${owner.host}`;
  return new MnerError(
    "output-unwritable",
    `${out} is being written by ${who}. Wait for it or give another --out; if it is certain to have ended, remove ${path}.`,
  );
}
