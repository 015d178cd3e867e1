// Random access to a checkpoint's bytes, from a file or from memory. Every read is checked against the real length first:
// no length that a file claims about itself is ever allocated before it is known to be there.
import { closeSync, fstatSync, openSync, readSync } from "node:fs";
import { MnerError } from "../../core/mner-error.js";

export interface ByteSource {
  /** What to call it in messages. */
  readonly name: string;
  readonly size: number;
  /** A fresh copy of `length` bytes from `offset`; fails with `checkpoint-truncated` when they are not all there. */
  read(offset: number, length: number): Uint8Array;
  close(): void;
}

/** The error for bytes that a file promises but does not have. */
export function truncated(source: { readonly name: string }, problem: string, cause?: unknown): MnerError {
  return new MnerError(
    "checkpoint-truncated",
    `${source.name} is cut off or damaged: ${problem}. Copy or download it again, or save the checkpoint anew.`,
    { cause },
  );
}

function requireRange(source: { readonly name: string; readonly size: number }, offset: number, length: number): void {
  const inside =
    Number.isSafeInteger(offset) &&
    Number.isSafeInteger(length) &&
    offset >= 0 &&
    length >= 0 &&
    offset <= source.size - length;
  if (!inside) {
    throw truncated(
      source,
      `it refers to ${length} bytes at position ${offset}, but is only ${source.size} bytes long`,
    );
  }
}

/** Opens a file; the caller closes it. */
export function openFileSource(path: string): ByteSource {
  let descriptor: number;
  let size: number;
  try {
    descriptor = openSync(path, "r");
    const status = fstatSync(descriptor);
    if (!status.isFile()) {
      closeSync(descriptor);
      throw new MnerError("input-unreadable", `${path} is not a file. Give the checkpoint's file or its folder.`);
    }
    size = status.size;
  } catch (error) {
    if (error instanceof MnerError) throw error;
    throw new MnerError("input-unreadable", `${path} cannot be opened. Check the path and its permissions.`, {
      cause: error,
    });
  }
  return {
    name: path,
    size,
    read(offset, length) {
      requireRange(this, offset, length);
      const bytes = new Uint8Array(length);
      let filled = 0;
      while (filled < length) {
        // One call may return at most 2 GiB, and less at will.
        const count = readSync(descriptor, bytes, filled, Math.min(length - filled, 1 << 30), offset + filled);
        if (count === 0) throw truncated(this, "it became shorter while it was read");
        filled += count;
      }
      return bytes;
    },
    close: () => closeSync(descriptor),
  };
}

/** The same over bytes in memory. */
export function memorySource(bytes: Uint8Array, name = "The checkpoint"): ByteSource {
  return {
    name,
    size: bytes.length,
    read(offset, length) {
      requireRange(this, offset, length);
      return bytes.slice(offset, offset + length);
    },
    close: () => {},
  };
}
