// What a photo's first bytes say, before anything is decoded: which format, how large, which way up, one picture or many.
// A small file can claim billions of pixels; such a claim is refused here, where it costs nothing.
import { MnerError } from "../core/mner-error.js";
import { brands, isAvif, readAvif } from "./header-avif.js";
import { readBmp } from "./header-bmp.js";
import {
  ByteReader,
  checkImageSize,
  type ImageFormat,
  type ImageHeader,
  type StoredHeader,
  truncated,
  unreadable,
} from "./header-bytes.js";
import { readGif } from "./header-gif.js";
import { readJpeg } from "./header-jpeg.js";
import { readPng } from "./header-png.js";
import { readWebp } from "./header-webp.js";

export { checkImageSize, IMAGE_LIMITS } from "./header-bytes.js";

interface Format {
  readonly name: ImageFormat;
  readonly matches: (reader: ByteReader) => boolean;
  readonly read: (reader: ByteReader) => StoredHeader;
}

const FORMATS: readonly Format[] = [
  { name: "jpeg", matches: (reader) => reader.startsWith("\xff\xd8\xff"), read: readJpeg },
  { name: "png", matches: (reader) => reader.startsWith("\x89PNG\r\n\x1a\n"), read: readPng },
  { name: "webp", matches: (reader) => reader.startsWith("RIFF") && reader.startsWith("WEBP", 8), read: readWebp },
  { name: "gif", matches: (reader) => reader.startsWith("GIF87a") || reader.startsWith("GIF89a"), read: readGif },
  { name: "avif", matches: (reader) => reader.startsWith("ftyp", 4) && isAvif(reader), read: readAvif },
  { name: "bmp", matches: looksLikeBmp, read: readBmp },
];

/** Formats that people try and browsers do not all read, by how their files begin. */
const OTHERS: readonly (readonly [start: string, name: string])[] = [
  ["%PDF", "a PDF"],
  ["II*\0", "a TIFF"],
  ["MM\0*", "a TIFF"],
  ["8BPS", "a Photoshop file"],
  ["\0\0\x01\0", "an icon"],
  ["\xff\x0a", "a JPEG XL"],
  ["\0\0\0\x0cJXL ", "a JPEG XL"],
  ["\0\0\0\x0cjP  ", "a JPEG 2000"],
  ["PK\x03\x04", "a ZIP or office file"],
  ["\x1f\x8b", "a compressed file"],
  ["\x1aE\xdf\xa3", "a video"],
];

/** Reads and checks the header of a whole file. */
export function readImageHeader(bytes: Uint8Array): ImageHeader {
  const reader = new ByteReader(bytes);
  if (bytes.length === 0) throw truncated();
  const format = FORMATS.find(({ matches }) => matches(reader));
  if (!format) throw notAPhoto(reader);
  const { width, height, orientation = 1, animated = false, complete } = format.read(reader);
  if (!(width > 0 && height > 0)) throw unreadable("its header says that it has no size");
  checkImageSize(width, height);
  if (!complete) throw truncated();
  const turned = orientation >= 5;
  return {
    format: format.name,
    width: turned ? height : width,
    height: turned ? width : height,
    orientation,
    animated,
  };
}

function looksLikeBmp(reader: ByteReader): boolean {
  // "BM" alone begins many texts; the next header's length is one of few numbers.
  return (
    reader.startsWith("BM") && (reader.length < 18 || [12, 16, 40, 52, 56, 64, 108, 124].includes(reader.u32(14, true)))
  );
}

function notAPhoto(reader: ByteReader): MnerError {
  if (isCutOffEarly(reader)) return truncated();
  const text = new TextDecoder("utf-8").decode(reader.bytes.subarray(0, 1024)).trimStart().toLowerCase();
  if (/<svg[\s>]/.test(text)) {
    return unsupported("The picture is an SVG drawing, which is not read. Export it as PNG, or give a photo.");
  }
  if (/^(?:<!doctype html|<html|<head|<body)/.test(text)) {
    return unsupported("The address gives a web page, not a photo. Give the address of the image file itself.");
  }
  let what = OTHERS.find(([start]) => reader.startsWith(start))?.[1];
  if (reader.startsWith("ftyp", 4)) {
    const heif = brands(reader).some((brand) => /^(?:hei[cmsx]|hev[cx]|mif1|msf1)$/.test(brand));
    what = heif ? "a HEIC photo" : "a video";
  }
  return unsupported(
    `The file is ${what ?? "not a photo that can be read"}. Save it as JPEG, PNG, WebP, AVIF, GIF or BMP.`,
  );
}

/** Whether the file ends before it could be told from others, but begins as photos do. */
function isCutOffEarly(reader: ByteReader): boolean {
  if (reader.startsWith("RIFF")) return reader.length < 12;
  const starts = ["\xff\xd8\xff", "\x89PNG\r\n\x1a\n", "GIF89a", "GIF87a", "RIFF"];
  return starts.some((start) => reader.length < start.length && start.startsWith(reader.text(0, reader.length)));
}

function unsupported(message: string): MnerError {
  return new MnerError("image-unsupported", message);
}
