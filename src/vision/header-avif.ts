// AVIF: boxes within boxes. The primary item's properties tell size and rotation.
import { type CodedSize, codedSize } from "./av1-size.js";
import { type ByteReader, checkImageSize, type StoredHeader, truncated, unreadable } from "./header-bytes.js";

interface BoxRange {
  readonly name: string;
  /** Where the content begins and ends. */
  readonly start: number;
  readonly end: number;
}

/** Deepest and longest lists that are followed; real files stay far below. */
const MOST_BOXES = 10_000;
const MOST_TRACKS = 16;
/** How much of a picture's data is looked through for its size. */
const MOST_GATHERED = 4096;

/** Whether an ISO file (one that begins with a `ftyp` box) holds AVIF. */
export function isAvif(reader: ByteReader): boolean {
  return brands(reader).some((brand) => brand === "avif" || brand === "avis");
}

/** The kinds of file that an ISO file says it is. */
export function brands(reader: ByteReader): string[] {
  const end = Math.min(reader.u32(0), reader.length, 1024);
  const found: string[] = [];
  for (let at = 8; at + 4 <= end; at += 4) if (at !== 12) found.push(reader.text(at, 4));
  return found;
}

export function readAvif(reader: ByteReader): StoredHeader {
  const top = boxes(reader, 0, reader.length);
  const meta = top.find(({ name }) => name === "meta");
  const animated = brands(reader).includes("avis");
  const whole = top.every(({ end }) => end <= reader.length);
  const hasData = top.some(({ name }) => name === "mdat");
  if (!meta) {
    if (!whole || !hasData) throw truncated();
    throw unreadable("its AVIF header is missing");
  }
  if (meta.end > reader.length) throw truncated();
  // A full box: four bytes of version and flags come first.
  const parts = boxes(reader, meta.start + 4, meta.end);
  const properties = find(reader, find(reader, parts, "iprp"), "ipco");
  const own = primaryProperties(reader, parts);
  const sizes: { width: number; height: number }[] = [];
  let size: { width: number; height: number } | undefined;
  let orientation = 1;
  properties.forEach((property, index) => {
    const mine = own.has(index + 1);
    if (property.name === "ispe") {
      const found = { width: reader.u32(property.start + 4), height: reader.u32(property.start + 8) };
      sizes.push(found);
      if (mine) size = found;
    }
    // Quarter turns against the clock, in EXIF's numbers.
    if (property.name === "irot" && mine) orientation = [1, 8, 3, 6][reader.byte(property.start) & 3]!;
  });
  size ??= sizes.sort((one, other) => other.width * other.height - one.width * one.height)[0];
  if (!size) throw unreadable("its AVIF header names no size");
  // Small pictures may keep their data inside the header.
  const complete = whole && (hasData || parts.some(({ name }) => name === "idat"));
  if (complete) for (const coded of codedSizes(reader, top, parts)) checkImageSize(coded.width, coded.height);
  return { ...size, orientation, animated, complete };
}

/** Sizes of the pictures as their own data tells them: what the header says of them may be a lie. */
function codedSizes(reader: ByteReader, top: readonly BoxRange[], parts: readonly BoxRange[]): CodedSize[] {
  const sizes: CodedSize[] = [];
  const types = itemTypes(reader, parts);
  const idat = parts.find(({ name }) => name === "idat");
  for (const { id, ranges, inHeader } of itemPlaces(reader, parts)) {
    const start = inHeader ? (idat?.start ?? 0) : 0;
    const data = gather(reader, ranges, start);
    if (types.get(id) === "grid" && data.length >= 8) sizes.push(gridSize(data));
    if (types.get(id) !== "av01") continue;
    const size = codedSize(data);
    // Cut off files have their own error.
    if (size === null && data.length > 0) throw unreadable("its AVIF picture does not begin as one");
    if (size !== null) sizes.push(size);
  }
  for (const offset of trackStarts(reader, top)) {
    const size = codedSize(reader.bytes.subarray(offset, offset + MOST_GATHERED));
    if (size !== null) sizes.push(size);
  }
  return sizes;
}

/** The canvas that tiles are put together on. */
function gridSize(data: Uint8Array): CodedSize {
  const view = new DataView(data.buffer, data.byteOffset, data.length);
  const wide = (data[1]! & 1) !== 0 && data.length >= 12;
  return wide
    ? { width: view.getUint32(4), height: view.getUint32(8) }
    : { width: view.getUint16(4), height: view.getUint16(6) };
}

/** Kinds of the items, by number. */
function itemTypes(reader: ByteReader, parts: readonly BoxRange[]): Map<number, string> {
  const found = new Map<number, string>();
  const iinf = parts.find(({ name }) => name === "iinf");
  if (!iinf) return found;
  const start = iinf.start + (reader.byte(iinf.start) === 0 ? 6 : 8);
  for (const { name, start: at } of boxes(reader, start, Math.min(iinf.end, reader.length))) {
    if (name !== "infe") continue;
    const wide = reader.byte(at) >= 3;
    found.set(wide ? reader.u32(at + 4) : reader.u16(at + 4), reader.text(at + (wide ? 10 : 8), 4));
  }
  return found;
}

interface ItemPlace {
  readonly id: number;
  /** Inside the header's own data box rather than counted from the file's beginning. */
  readonly inHeader: boolean;
  readonly ranges: readonly (readonly [offset: number, length: number])[];
}

function itemPlaces(reader: ByteReader, parts: readonly BoxRange[]): ItemPlace[] {
  const iloc = parts.find(({ name }) => name === "iloc");
  if (!iloc) return [];
  const version = reader.byte(iloc.start);
  const sizes = reader.u16(iloc.start + 4);
  const [offsetSize, lengthSize, baseSize, indexSize] = [sizes >> 12, (sizes >> 8) & 15, (sizes >> 4) & 15, sizes & 15];
  let at = iloc.start + 6;
  const number = (bytes: number): number => {
    let value = 0;
    for (let index = 0; index < bytes; index++) value = value * 256 + reader.byte(at++);
    return value;
  };
  const places: ItemPlace[] = [];
  for (let count = number(version < 2 ? 2 : 4); count > 0 && at < iloc.end && places.length < MOST_BOXES; count--) {
    const id = number(version < 2 ? 2 : 4);
    const inHeader = version > 0 && (number(2) & 15) === 1;
    number(2); // data_reference_index
    const base = number(baseSize);
    const ranges: [number, number][] = [];
    for (let extents = number(2); extents > 0 && at < iloc.end; extents--) {
      if (version > 0) number(indexSize);
      ranges.push([base + number(offsetSize), number(lengthSize)]);
    }
    places.push({ id, inHeader, ranges });
  }
  return places;
}

/** The beginning of an item's data, which may lie in several places. */
function gather(reader: ByteReader, ranges: ItemPlace["ranges"], start: number): Uint8Array {
  const found = new Uint8Array(MOST_GATHERED);
  let filled = 0;
  for (const [offset, length] of ranges) {
    const from = start + offset;
    const to = length === 0 ? reader.length : from + length;
    const piece = reader.bytes.subarray(from, Math.min(to, from + MOST_GATHERED - filled));
    found.set(piece, filled);
    filled += piece.length;
    if (filled === MOST_GATHERED) break;
  }
  return found.subarray(0, filled);
}

/** Where the pictures of moving tracks begin. */
function trackStarts(reader: ByteReader, top: readonly BoxRange[]): number[] {
  const tracks = find(reader, top, "moov").filter(({ name }) => name === "trak");
  return tracks.slice(0, MOST_TRACKS).flatMap((track) => {
    let inner = boxes(reader, track.start, Math.min(track.end, reader.length));
    for (const name of ["mdia", "minf", "stbl"]) inner = find(reader, inner, name);
    return inner.flatMap(({ name, start, end }) => {
      if (name === "stco" && end >= start + 12) return [reader.u32(start + 8)];
      return name === "co64" && end >= start + 16 ? [reader.u32(start + 8) * 2 ** 32 + reader.u32(start + 12)] : [];
    });
  });
}

/** Numbers (from 1) of the properties that belong to the primary item. */
function primaryProperties(reader: ByteReader, parts: readonly BoxRange[]): Set<number> {
  const found = new Set<number>();
  const pitm = parts.find(({ name }) => name === "pitm");
  if (!pitm) return found;
  const primary = reader.byte(pitm.start) === 0 ? reader.u16(pitm.start + 4) : reader.u32(pitm.start + 4);
  for (const ipma of find(reader, parts, "iprp").filter(({ name }) => name === "ipma")) {
    const version = reader.byte(ipma.start);
    const wide = (reader.byte(ipma.start + 3) & 1) !== 0;
    const count = reader.u32(ipma.start + 4);
    let at = ipma.start + 8;
    for (let i = 0; i < count && at < ipma.end; i++) {
      const item = version < 1 ? reader.u16(at) : reader.u32(at);
      at += version < 1 ? 2 : 4;
      const links = reader.byte(at++);
      for (let link = 0; link < links; link++, at += wide ? 2 : 1) {
        const index = wide ? reader.u16(at) & 0x7fff : reader.byte(at) & 0x7f;
        if (item === primary) found.add(index);
      }
    }
  }
  return found;
}

/** The boxes inside the first box of a name. */
function find(reader: ByteReader, among: readonly BoxRange[], name: string): BoxRange[] {
  const box = among.find((candidate) => candidate.name === name);
  return box ? boxes(reader, box.start, Math.min(box.end, reader.length)) : [];
}

/** The boxes of a stretch, in order; the last may reach past the stretch when the file was cut off. */
function boxes(reader: ByteReader, start: number, end: number): BoxRange[] {
  const found: BoxRange[] = [];
  for (let at = start; at + 8 <= end && found.length < MOST_BOXES; ) {
    let size = reader.u32(at);
    let content = at + 8;
    if (size === 1 && at + 16 <= end) {
      size = reader.u32(at + 8) * 2 ** 32 + reader.u32(at + 12);
      content = at + 16;
    } else if (size === 0) size = end - at; // to the end of the file
    if (size < content - at) throw unreadable("its AVIF header is damaged");
    found.push({ name: reader.text(at + 4, 4), start: content, end: at + size });
    at += size;
  }
  return found;
}
