// GIF: a screen size, then blocks. The first picture is what counts; a second one makes it an animation.
import type { ByteReader, StoredHeader } from "./header-bytes.js";

const IMAGE = 0x2c;
const EXTENSION = 0x21;

export function readGif(reader: ByteReader): StoredHeader {
  let width = reader.u16(6, true);
  let height = reader.u16(8, true);
  let pictures = 0;
  let at = 13 + colourTableBytes(reader.byte(10));
  while (at < reader.length && pictures < 2) {
    const block = reader.byte(at);
    if (block === EXTENSION) {
      at = skipSubBlocks(reader.bytes, at + 2);
    } else if (block === IMAGE && at + 10 < reader.length) {
      if (pictures === 0) {
        // Browsers enlarge the screen to the first picture.
        width = Math.max(width, reader.u16(at + 1, true) + reader.u16(at + 5, true));
        height = Math.max(height, reader.u16(at + 3, true) + reader.u16(at + 7, true));
      }
      at = skipSubBlocks(reader.bytes, at + 11 + colourTableBytes(reader.byte(at + 9)));
      // A picture whose data never ends is not counted: the file was cut off inside it.
      if (at <= reader.length) pictures += 1;
    } else break; // the trailer, or garbage after the pictures
  }
  return { width, height, animated: pictures > 1, complete: pictures > 0 };
}

function colourTableBytes(flags: number): number {
  return flags & 0x80 ? 3 << ((flags & 7) + 1) : 0;
}

/** The place after the zero-length block that ends a chain; past the file's end if it never comes. */
function skipSubBlocks(bytes: Uint8Array, start: number): number {
  let at = start;
  for (let length = bytes[at]; length !== 0; length = bytes[at]) {
    if (length === undefined) return bytes.length + 1;
    at += length + 1;
  }
  return at + 1;
}
