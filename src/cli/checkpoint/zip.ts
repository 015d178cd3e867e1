// Reads the zip archives that torch.save writes: stored (uncompressed) entries, zip64 where needed. The directory is checked
// as a whole before any entry is used: names that climb out, entries that overlap, and sizes that disagree are refused.
import { MnerError } from "../../core/mner-error.js";
import { type ByteSource, truncated } from "./byte-source.js";
import { shown } from "./checkpoint.js";
import { crc32 } from "./crc32.js";
import { CHECKPOINT_LIMITS } from "./limits.js";

const LOCAL_SIGNATURE = 0x04034b50;
const DIRECTORY_SIGNATURE = 0x02014b50;
const END_SIGNATURE = 0x06054b50;
const END64_SIGNATURE = 0x06064b50;
const LOCATOR64_SIGNATURE = 0x07064b50;
const LOCAL_BYTES = 30;
const DIRECTORY_BYTES = 46;
const END_BYTES = 22;
const END64_BYTES = 56;
const LOCATOR64_BYTES = 20;
const MOST_COMMENT_BYTES = 0xffff;
/** A 32-bit field of this value says: look in the zip64 part. */
const IN_ZIP64 = 0xffffffff;
const ZIP64_EXTRA = 0x0001;
const ENCRYPTED = 0x0001;
/** Checksums are taken in parts of this size. */
const CHECK_BYTES = 1 << 20;

export interface ZipEntry {
  readonly name: string;
  /** Where its bytes begin in the file, and how many there are. */
  readonly start: number;
  readonly size: number;
}

export interface ZipArchive {
  readonly entries: ReadonlyMap<string, ZipEntry>;
  /** A part of an entry. The first read of an entry checks all of it against its checksum. */
  read(entry: ZipEntry, offset: number, length: number): Uint8Array;
}

interface DirectoryEntry extends ZipEntry {
  readonly checksum: number;
  readonly headerStart: number;
}

interface Directory {
  readonly start: number;
  readonly bytes: number;
  readonly count: number;
}

function unsafe(source: ByteSource, problem: string): MnerError {
  return new MnerError(
    "checkpoint-unsafe",
    `${source.name} was not written by torch.save: ${problem}. It may be made to do harm; get the checkpoint from its author.`,
  );
}

export function looksLikeZip(source: ByteSource): boolean {
  if (source.size < LOCAL_BYTES) return false;
  return new DataView(source.read(0, 4).buffer).getUint32(0, true) === LOCAL_SIGNATURE;
}

export function openZip(source: ByteSource): ZipArchive {
  const directory = findDirectory(source);
  const list = readDirectory(source, directory);
  requireApart(source, list, directory.start);
  const entries = new Map(list.map((entry) => [entry.name, entry]));
  const checked = new Set<string>();
  return {
    entries,
    read(entry, offset, length) {
      const known = entries.get(entry.name);
      if (known === undefined || offset < 0 || length < 0 || offset > known.size - length) {
        throw truncated(source, `${length} bytes at ${offset} of ${shown(entry.name)} are not there`);
      }
      if (!checked.has(known.name)) {
        requireChecksum(source, known);
        checked.add(known.name);
      }
      return source.read(known.start + offset, length);
    },
  };
}

/** The end record is searched from the back, since a comment of any length up to 64 kB may follow it. */
function findDirectory(source: ByteSource): Directory {
  const tailBytes = Math.min(source.size, END_BYTES + MOST_COMMENT_BYTES);
  const tailStart = source.size - tailBytes;
  const tail = new DataView(source.read(tailStart, tailBytes).buffer);
  for (let at = tailBytes - END_BYTES; at >= 0; at--) {
    if (tail.getUint32(at, true) !== END_SIGNATURE) continue;
    if (at + END_BYTES + tail.getUint16(at + 20, true) !== tailBytes) continue;
    const count = tail.getUint16(at + 10, true);
    const bytes = tail.getUint32(at + 12, true);
    const start = tail.getUint32(at + 16, true);
    const endStart = tailStart + at;
    const found = readLocator64(source, endStart) ?? { start, bytes, count };
    return requireDirectory(source, found, endStart);
  }
  throw truncated(source, "the list of its parts, which stands at the end, is missing");
}

function requireDirectory(source: ByteSource, directory: Directory, end: number): Directory {
  if (directory.count > CHECKPOINT_LIMITS.zipEntries || directory.bytes > CHECKPOINT_LIMITS.zipDirectoryBytes) {
    throw truncated(
      source,
      `it claims ${directory.count} parts, more than the ${CHECKPOINT_LIMITS.zipEntries} that are read`,
    );
  }
  if (directory.start > end - directory.bytes) {
    throw truncated(source, "the list of its parts does not lie before its end");
  }
  return directory;
}

function readLocator64(source: ByteSource, endStart: number): Directory | null {
  const locatorStart = endStart - LOCATOR64_BYTES;
  if (locatorStart < 0) return null;
  const locator = new DataView(source.read(locatorStart, LOCATOR64_BYTES).buffer);
  if (locator.getUint32(0, true) !== LOCATOR64_SIGNATURE) return null;
  const recordStart = toNumber(source, locator.getBigUint64(8, true));
  const record = new DataView(source.read(recordStart, END64_BYTES).buffer);
  if (record.getUint32(0, true) !== END64_SIGNATURE) throw truncated(source, "its zip64 end record is missing");
  return {
    count: toNumber(source, record.getBigUint64(32, true)),
    bytes: toNumber(source, record.getBigUint64(40, true)),
    start: toNumber(source, record.getBigUint64(48, true)),
  };
}

/** Zip64 counts up to 2^64; nothing real is beyond what a number holds exactly. */
function toNumber(source: ByteSource, value: bigint): number {
  if (value > BigInt(Number.MAX_SAFE_INTEGER)) throw truncated(source, `it claims a size of ${value} bytes`);
  return Number(value);
}

function readDirectory(source: ByteSource, directory: Directory): DirectoryEntry[] {
  const bytes = source.read(directory.start, directory.bytes);
  const view = new DataView(bytes.buffer);
  const entries: DirectoryEntry[] = [];
  const names = new Set<string>();
  let at = 0;
  for (let index = 0; index < directory.count; index++) {
    if (at + DIRECTORY_BYTES > bytes.length || view.getUint32(at, true) !== DIRECTORY_SIGNATURE) {
      throw truncated(source, `entry ${index} in the list of its parts is damaged`);
    }
    const nameBytes = view.getUint16(at + 28, true);
    const extraBytes = view.getUint16(at + 30, true);
    const commentBytes = view.getUint16(at + 32, true);
    const next = at + DIRECTORY_BYTES + nameBytes + extraBytes + commentBytes;
    if (next > bytes.length) throw truncated(source, `entry ${index} in the list of its parts is damaged`);
    const nameStart = at + DIRECTORY_BYTES;
    const name = readName(source, bytes.subarray(nameStart, nameStart + nameBytes));
    if (names.has(name)) throw unsafe(source, `it has two parts named ${shown(name)}`);
    names.add(name);
    const extra = new DataView(bytes.buffer, nameStart + nameBytes, extraBytes);
    entries.push(readEntry(source, name, new DataView(bytes.buffer, at, DIRECTORY_BYTES), extra));
    at = next;
  }
  return entries;
}

/** Names are never used as paths here; one that climbs out of its folder still tells that the file means harm. */
function readName(source: ByteSource, bytes: Uint8Array): string {
  let name: string;
  try {
    name = new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch (error) {
    throw truncated(source, "the name of one of its parts is not UTF-8", error);
  }
  const climbs = name.split("/").includes("..") || name.startsWith("/") || /^[A-Za-z]:/.test(name);
  if (name === "" || climbs || /[\\\p{Cc}]/u.test(name)) throw unsafe(source, `it has a part named ${shown(name)}`);
  return name;
}

function readEntry(source: ByteSource, name: string, record: DataView, extra: DataView): DirectoryEntry {
  const checksum = record.getUint32(16, true);
  let packed = record.getUint32(20, true);
  let size = record.getUint32(24, true);
  let headerStart = record.getUint32(42, true);
  if (size === IN_ZIP64 || packed === IN_ZIP64 || headerStart === IN_ZIP64) {
    // The zip64 field holds only those numbers that did not fit, in this order.
    const wide = findExtra(source, name, extra);
    let at = 0;
    const take = (): number => {
      if (at + 8 > wide.byteLength) throw truncated(source, `the sizes of its part ${shown(name)} are damaged`);
      at += 8;
      return toNumber(source, wide.getBigUint64(at - 8, true));
    };
    if (size === IN_ZIP64) size = take();
    if (packed === IN_ZIP64) packed = take();
    if (headerStart === IN_ZIP64) headerStart = take();
  }
  if ((record.getUint16(8, true) & ENCRYPTED) !== 0) throw unsafe(source, `its part ${shown(name)} is encrypted`);
  if (record.getUint16(10, true) !== 0)
    throw unsafe(source, `its part ${shown(name)} is compressed, which torch.save never does`);
  if (packed !== size) throw truncated(source, `its part ${shown(name)} has ${packed} bytes for ${size}`);
  const header = new DataView(source.read(headerStart, LOCAL_BYTES).buffer);
  if (header.getUint32(0, true) !== LOCAL_SIGNATURE)
    throw truncated(source, `the head of its part ${shown(name)} is damaged`);
  const start = headerStart + LOCAL_BYTES + header.getUint16(26, true) + header.getUint16(28, true);
  if (start > source.size - size) {
    throw truncated(source, `its part ${shown(name)} claims ${size} bytes at position ${start} of ${source.size}`);
  }
  return { name, start, size, checksum, headerStart };
}

function findExtra(source: ByteSource, name: string, extra: DataView): DataView {
  let at = 0;
  while (at + 4 <= extra.byteLength) {
    const bytes = extra.getUint16(at + 2, true);
    if (at + 4 + bytes > extra.byteLength) break;
    if (extra.getUint16(at, true) === ZIP64_EXTRA) return new DataView(extra.buffer, extra.byteOffset + at + 4, bytes);
    at += 4 + bytes;
  }
  throw truncated(source, `the sizes of its part ${shown(name)} are missing`);
}

/** Parts that share bytes let a small file claim to be a large one. */
function requireApart(source: ByteSource, entries: readonly DirectoryEntry[], directoryStart: number): void {
  const ordered = [...entries].sort((a, b) => a.headerStart - b.headerStart);
  let end = 0;
  for (const entry of ordered) {
    if (entry.headerStart < end) throw unsafe(source, `its part ${shown(entry.name)} overlaps another`);
    end = entry.start + entry.size;
  }
  if (end > directoryStart) throw unsafe(source, "one of its parts overlaps the list of its parts");
}

function requireChecksum(source: ByteSource, entry: DirectoryEntry): void {
  let value = 0;
  for (let at = 0; at < entry.size; at += CHECK_BYTES) {
    value = crc32(source.read(entry.start + at, Math.min(CHECK_BYTES, entry.size - at)), value);
  }
  if (value !== entry.checksum) {
    throw truncated(
      source,
      `its part ${shown(entry.name)} does not match its checksum (if it was saved with checksums switched off, save it with them)`,
    );
  }
}
