// Reading numbers out of file headers, and the errors that a header can end in. Reading past the end is always the same
// error: the file was cut off.
import { MnerError } from "../core/mner-error.js";

export const IMAGE_LIMITS = {
  /** Of the decoded photo: 100 megapixels are 400 MB while the browser decodes. */
  pixels: 100_000_000,
  side: 30_000,
  /** Of the file. */
  bytes: 128 * 1024 * 1024,
  /** For decoding: an ordinary photo of the largest size takes two. */
  seconds: 20,
} as const;

/** Refuses sizes that would take the page's memory. */
export function checkImageSize(width: number, height: number): void {
  if (width * height <= IMAGE_LIMITS.pixels && Math.max(width, height) <= IMAGE_LIMITS.side) return;
  throw new MnerError(
    "image-too-large",
    `The photo is ${width} × ${height} pixels, more than is safe to open (${IMAGE_LIMITS.pixels / 1e6} megapixels, ` +
      `${IMAGE_LIMITS.side} on a side). Make it smaller first.`,
  );
}

/** What a photo's first bytes say. */
export interface ImageHeader {
  readonly format: ImageFormat;
  /** Size as it is shown, after rotation. */
  readonly width: number;
  readonly height: number;
  /** EXIF's number, 1 (as stored) to 8; 5 and above swap width and height. */
  readonly orientation: number;
  readonly animated: boolean;
}

export type ImageFormat = "png" | "jpeg" | "webp" | "gif" | "bmp" | "avif";

/** What a format's reader finds; turned into an ImageHeader in one place. */
export interface StoredHeader {
  readonly width: number;
  readonly height: number;
  readonly orientation?: number;
  readonly animated?: boolean;
  /** False when the file ends before its first picture does. */
  readonly complete: boolean;
}

export class ByteReader {
  readonly bytes: Uint8Array;
  readonly length: number;
  private readonly view: DataView;

  constructor(bytes: Uint8Array) {
    this.bytes = bytes;
    this.length = bytes.length;
    this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  }

  byte(at: number): number {
    this.check(at, 1);
    return this.bytes[at]!;
  }

  u16(at: number, littleEndian = false): number {
    this.check(at, 2);
    return this.view.getUint16(at, littleEndian);
  }

  u24(at: number): number {
    this.check(at, 3);
    return this.bytes[at]! | (this.bytes[at + 1]! << 8) | (this.bytes[at + 2]! << 16);
  }

  u32(at: number, littleEndian = false): number {
    this.check(at, 4);
    return this.view.getUint32(at, littleEndian);
  }

  i32(at: number, littleEndian = false): number {
    this.check(at, 4);
    return this.view.getInt32(at, littleEndian);
  }

  /** Characters of a signature or a chunk's name. */
  text(at: number, length: number): string {
    this.check(at, length);
    return String.fromCharCode(...this.bytes.subarray(at, at + length));
  }

  /** Whether these bytes stand here; false, not an error, when the file ends before. */
  startsWith(text: string, at = 0): boolean {
    for (let i = 0; i < text.length; i++) {
      if (this.bytes[at + i] !== text.charCodeAt(i)) return false;
    }
    return true;
  }

  private check(at: number, length: number): void {
    if (at < 0 || at + length > this.length) throw truncated();
  }
}

export function truncated(): MnerError {
  return new MnerError(
    "image-truncated",
    "The photo's file ends too early: it was cut off on the way. Fetch or save it again.",
  );
}

export function unreadable(what: string, cause?: unknown): MnerError {
  return new MnerError(
    "image-unreadable",
    `The photo cannot be read: ${what}. Open it in a picture editor and save it again as JPEG or PNG.`,
    { cause },
  );
}

export function tooSlow(cause?: unknown): MnerError {
  return new MnerError(
    "image-too-large",
    `The photo takes more than ${IMAGE_LIMITS.seconds} seconds to decode. Make it smaller, or save it again as an ordinary JPEG.`,
    { cause },
  );
}
