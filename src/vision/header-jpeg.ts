// JPEG: marker segments up to the picture data, among them the frame header with the size and the EXIF block.
import { MnerError } from "../core/mner-error.js";
import { exifOrientation } from "./exif.js";
import { type ByteReader, type StoredHeader, unreadable } from "./header-bytes.js";

const START_OF_SCAN = 0xda;
const END_OF_IMAGE = 0xd9;
const APP1 = 0xe1;
/** Each scan goes through the whole picture. Programs write some ten. */
const MOST_SCANS = 100;
const MOST_SCANNED_PIXELS = 1_500_000_000;
const EXIF_NAME = "Exif\0\0";

export function readJpeg(reader: ByteReader): StoredHeader {
  let size: { width: number; height: number } | undefined;
  let orientation: number | undefined;
  let at = 2;
  for (;;) {
    if (reader.byte(at) !== 0xff) throw unreadable("its JPEG header is damaged");
    const marker = reader.byte(at + 1);
    if (marker === 0xff) {
      at += 1; // padding
      continue;
    }
    if (standsAlone(marker)) {
      at += 2;
      continue;
    }
    if (marker === END_OF_IMAGE) throw unreadable("it holds no picture");
    const length = reader.u16(at + 2);
    if (length < 2) throw unreadable("its JPEG header is damaged");
    if (marker === START_OF_SCAN) break;
    if (isFrame(marker)) size ??= { height: reader.u16(at + 5), width: reader.u16(at + 7) };
    if (marker === APP1 && orientation === undefined && reader.startsWith(EXIF_NAME, at + 4)) {
      orientation = exifOrientation(reader.bytes.subarray(at + 4 + EXIF_NAME.length, at + 2 + length));
    }
    at += 2 + length;
  }
  if (!size) throw unreadable("its JPEG header names no size");
  const { scans, complete } = countScans(reader.bytes, at);
  if (scans > MOST_SCANS || scans * size.width * size.height > MOST_SCANNED_PIXELS) {
    throw new MnerError(
      "image-too-large",
      `The photo is a JPEG of ${scans} scans, which takes far too long to decode. Save it again as an ordinary JPEG.`,
    );
  }
  return { ...size, orientation, complete };
}

/** Frame headers, among whose numbers three others are mixed (Huffman tables, extensions, arithmetic coding). */
function isFrame(marker: number): boolean {
  return marker >= 0xc0 && marker <= 0xcf && marker !== 0xc4 && marker !== 0xc8 && marker !== 0xcc;
}

/** Markers without a length: restarts, start of image, and one for private use. */
function standsAlone(marker: number): boolean {
  return (marker >= 0xd0 && marker <= 0xd8) || marker === 0x01;
}

/** Between scans there may be tables, comments and line counts, each with a length. */
function hasLength(marker: number): boolean {
  return (
    marker === 0xc4 ||
    marker === 0xcc ||
    (marker >= 0xda && marker <= 0xdd) ||
    (marker >= 0xe0 && marker <= 0xef) ||
    marker === 0xfe
  );
}

/**
 * How many scans there are, and whether the end marker comes. It is looked for through all scans, not at the file's end:
 * phones append other things there, and a thumbnail inside the header has an end marker of its own.
 */
function countScans(bytes: Uint8Array, first: number): { readonly scans: number; readonly complete: boolean } {
  let scans = 0;
  for (let at = first; ; ) {
    at = bytes.indexOf(0xff, at);
    const marker = bytes[at + 1];
    if (at < 0 || marker === undefined) return { scans, complete: false };
    if (marker === END_OF_IMAGE) return { scans, complete: true };
    if (marker === START_OF_SCAN) scans++;
    if (marker === 0xff) at += 1;
    else if (hasLength(marker) && at + 3 < bytes.length) at += 2 + Math.max(2, (bytes[at + 2]! << 8) | bytes[at + 3]!);
    else at += 2;
  }
}
