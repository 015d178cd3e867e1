// The one thing of EXIF that matters here: which way up the camera was held.
import { ByteReader } from "./header-bytes.js";

const ORIENTATION_TAG = 0x0112;
const SHORT = 3;
const UPRIGHT = 1;

/** Orientation, 1 to 8, out of a TIFF structure; 1 when there is none or it makes no sense. */
export function exifOrientation(tiff: Uint8Array): number {
  const reader = new ByteReader(tiff);
  const little = reader.startsWith("II*\0");
  if (!little && !reader.startsWith("MM\0*")) return UPRIGHT;
  try {
    const directory = reader.u32(4, little);
    const entries = reader.u16(directory, little);
    for (let i = 0; i < entries; i++) {
      const entry = directory + 2 + i * 12;
      if (reader.u16(entry, little) !== ORIENTATION_TAG) continue;
      const value = reader.u16(entry + 8, little);
      return reader.u16(entry + 2, little) === SHORT && value >= 1 && value <= 8 ? value : UPRIGHT;
    }
  } catch {
    // Broken EXIF is as good as none: every viewer shows such photos as they are stored.
  }
  return UPRIGHT;
}
