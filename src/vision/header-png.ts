// PNG: a list of named chunks, of which the first tells the size.
import { exifOrientation } from "./exif.js";
import { type ByteReader, type StoredHeader, unreadable } from "./header-bytes.js";

const SIGNATURE_BYTES = 8;
/** Length, name and checksum around each chunk's data. */
const CHUNK_FRAME = 12;

export function readPng(reader: ByteReader): StoredHeader {
  if (reader.text(SIGNATURE_BYTES + 4, 4) !== "IHDR") throw unreadable("its PNG header is missing");
  const width = reader.u32(SIGNATURE_BYTES + 8);
  const height = reader.u32(SIGNATURE_BYTES + 12);
  let orientation = 1;
  let animated = false;
  let complete = false;
  for (let at = SIGNATURE_BYTES; at + 8 <= reader.length && !complete; ) {
    const length = reader.u32(at);
    const name = reader.text(at + 4, 4);
    const data = at + 8;
    if (name === "acTL") animated = true;
    if (name === "eXIf") orientation = exifOrientation(reader.bytes.subarray(data, data + length));
    if (name === "IEND") complete = true;
    at += length + CHUNK_FRAME;
  }
  return { width, height, orientation, animated, complete };
}
