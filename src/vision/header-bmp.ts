// BMP: a file header, then one of several information headers that begin alike.
import { type ByteReader, type StoredHeader, unreadable } from "./header-bytes.js";

const CORE_HEADER_BYTES = 12;
const UNCOMPRESSED: readonly number[] = [0, 3, 6];

export function readBmp(reader: ByteReader): StoredHeader {
  const headerBytes = reader.u32(14, true);
  if (headerBytes === CORE_HEADER_BYTES) {
    const width = reader.u16(18, true);
    const height = reader.u16(20, true);
    return { width, height, complete: hasPixels(reader, width, height, reader.u16(24, true)) };
  }
  if (headerBytes < 16) throw unreadable("its BMP header is damaged");
  const width = reader.i32(18, true);
  // Negative when the rows run from the top.
  const height = Math.abs(reader.i32(22, true));
  const compression = headerBytes >= 40 ? reader.u32(30, true) : 0;
  const plain = UNCOMPRESSED.includes(compression);
  const complete = plain ? hasPixels(reader, width, height, reader.u16(28, true)) : true;
  return { width, height, complete };
}

function hasPixels(reader: ByteReader, width: number, height: number, bits: number): boolean {
  const rowBytes = Math.ceil((width * bits) / 32) * 4;
  return reader.u32(10, true) + rowBytes * height <= reader.length;
}
