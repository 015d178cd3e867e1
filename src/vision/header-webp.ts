// WebP: a RIFF file of chunks; the picture is lossy (VP8), lossless (VP8L), or announced by an extended header (VP8X).
// Its EXIF block may name an orientation, but browsers show WebP as it is stored, and boxes are drawn over what they show.
import { type ByteReader, type StoredHeader, unreadable } from "./header-bytes.js";

const RIFF_FRAME = 8;
const FIRST_CHUNK = 12;
const ANIMATION_FLAG = 0x02;
const LOSSLESS_SIGNATURE = 0x2f;

export function readWebp(reader: ByteReader): StoredHeader {
  const first = reader.text(FIRST_CHUNK, 4);
  const data = FIRST_CHUNK + 8;
  const complete = reader.u32(4, true) + RIFF_FRAME <= reader.length + 1; // some writers leave out the last padding byte
  if (first === "VP8 ") {
    if (reader.u24(data + 3) !== 0x2a019d) throw unreadable("its WebP header is damaged");
    return { width: reader.u16(data + 6, true) & 0x3fff, height: reader.u16(data + 8, true) & 0x3fff, complete };
  }
  if (first === "VP8L") {
    if (reader.byte(data) !== LOSSLESS_SIGNATURE) throw unreadable("its WebP header is damaged");
    const bits = reader.u32(data + 1, true);
    return { width: (bits & 0x3fff) + 1, height: ((bits >>> 14) & 0x3fff) + 1, complete };
  }
  if (first !== "VP8X") throw unreadable("its WebP header is damaged");
  return {
    width: reader.u24(data + 4) + 1,
    height: reader.u24(data + 7) + 1,
    animated: (reader.byte(data) & ANIMATION_FLAG) !== 0,
    complete,
  };
}
