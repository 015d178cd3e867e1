// Opens the files that a run writes, and no others: no link is followed, no device or pipe opened, and the input never touched.
import { type BigIntStats, closeSync, constants, fstatSync, lstatSync, openSync, statSync } from "node:fs";
import { MnerError } from "../../core/mner-error.js";

export function unwritable(path: string, cause: unknown): MnerError {
  return new MnerError("output-unwritable", `${path} cannot be written. Is the disk full, or the folder not yours?`, {
    cause,
  });
}

/** What stands under this name itself, links not followed; `null` when nothing does. */
export function fileAt(path: string): BigIntStats | null {
  try {
    return lstatSync(path, { bigint: true });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return null;
    throw unwritable(path, error);
  }
}

/** Refuses names under which something else than a plain file of its own stands, or the input itself. */
export function requireOwn(path: string, input: string | number | null): void {
  const found = fileAt(path);
  if (found === null) return;
  if (!found.isFile()) {
    const kind = found.isSymbolicLink() ? "a symbolic link" : "no plain file";
    throw new MnerError("output-unwritable", `${path} is ${kind}, and is left alone. Give another --out.`);
  }
  const source = input === null ? null : identify(input);
  if (source !== null && source.dev === found.dev && source.ino === found.ino) {
    throw new MnerError("output-unwritable", `${path} is the input itself, and is left alone. Give another --out.`);
  }
}

/** A path, or the number of an open file such as standard input. */
function identify(input: string | number): BigIntStats | null {
  try {
    return typeof input === "number" ? fstatSync(input, { bigint: true }) : statSync(input, { bigint: true });
  } catch {
    return null;
  }
}

/** Not on every system; there the look beforehand has to do. */
const NO_FOLLOW = constants.O_NOFOLLOW ?? 0;

/** Opens a file that must not exist yet (`make`) or that is there and nobody else's. */
export function openOwn(path: string, make: boolean): number {
  const flags = constants.O_RDWR | NO_FOLLOW | (make ? constants.O_CREAT | constants.O_EXCL : 0);
  let descriptor: number;
  try {
    descriptor = openSync(path, flags);
  } catch (error) {
    throw unwritable(path, error);
  }
  const { nlink } = fstatSync(descriptor);
  if (nlink === 1) return descriptor;
  closeSync(descriptor);
  throw new MnerError("output-unwritable", `${path} goes by several names, and is left alone. Give another --out.`);
}
