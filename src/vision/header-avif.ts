// AVIF: boxes within boxes. The primary item's properties tell size and rotation.
import { type ByteReader, type StoredHeader, truncated, unreadable } from "./header-bytes.js";

interface BoxRange {
  readonly name: string;
  /** Where the content begins and ends. */
  readonly start: number;
  readonly end: number;
}

/** Deepest and longest lists that are followed; real files stay far below. */
const MOST_BOXES = 10_000;

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
  return { ...size, orientation, animated, complete };
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
