// Headers of real files, of files cut off anywhere, of liars, and of bytes that are nothing at all.
import fc from "fast-check";
import sharp, { type Sharp } from "sharp";
import { beforeAll, describe, expect, it } from "vitest";
import { isMnerError } from "../core/mner-error.js";
import { IMAGE_LIMITS, readImageHeader } from "./header.js";

const WIDTH = 37;
const HEIGHT = 23;
const samples = new Map<string, Uint8Array>();

function noise(width: number, height: number, channels: 3 | 4 = 3): Uint8Array {
  return Uint8Array.from({ length: width * height * channels }, (_, i) => Math.imul(i, 2654435761) >>> 24);
}

function picture(width = WIDTH, height = HEIGHT): Sharp {
  return sharp(noise(width, height), { raw: { width, height, channels: 3 } });
}

function animation(): Sharp {
  const raw = { width: WIDTH, height: HEIGHT * 3, channels: 3 as const, pageHeight: HEIGHT };
  return sharp(noise(WIDTH, HEIGHT * 3), { raw });
}

/** An uncompressed 24-bit bitmap, rows from the bottom or (negative height) from the top. */
function bitmap(width: number, height: number, core = false): Uint8Array {
  const start = core ? 26 : 54;
  const bytes = new Uint8Array(start + Math.ceil((width * 3) / 4) * 4 * Math.abs(height));
  const view = new DataView(bytes.buffer);
  bytes.set([0x42, 0x4d]);
  view.setUint32(2, bytes.length, true);
  view.setUint32(10, start, true);
  view.setUint32(14, core ? 12 : 40, true);
  if (core) {
    view.setUint16(18, width, true);
    view.setUint16(20, height, true);
    view.setUint16(22, 1, true);
    view.setUint16(24, 24, true);
  } else {
    view.setInt32(18, width, true);
    view.setInt32(22, height, true);
    view.setUint16(26, 1, true);
    view.setUint16(28, 24, true);
  }
  return bytes;
}

/** A chunk put in after IHDR (its checksum is not looked at). */
function withPngChunk(png: Uint8Array, name: string, data: Uint8Array): Uint8Array {
  const chunk = new Uint8Array(12 + data.length);
  new DataView(chunk.buffer).setUint32(0, data.length);
  chunk.set(new TextEncoder().encode(name), 4);
  chunk.set(data, 8);
  return new Uint8Array([...png.subarray(0, 33), ...chunk, ...png.subarray(33)]);
}

/** A TIFF structure that holds an orientation alone. */
function tiff(orientation: number, little: boolean): Uint8Array {
  const bytes = new Uint8Array(26);
  const view = new DataView(bytes.buffer);
  bytes.set(new TextEncoder().encode(little ? "II*\0" : "MM\0*"));
  view.setUint32(4, 8, little);
  view.setUint16(8, 1, little);
  view.setUint16(10, 0x0112, little);
  view.setUint16(12, 3, little);
  view.setUint32(14, 1, little);
  view.setUint16(18, orientation, little);
  return bytes;
}

function sample(name: string): Uint8Array {
  return samples.get(name)!.slice();
}

function codeOf(bytes: Uint8Array): string {
  try {
    readImageHeader(bytes);
    return "read";
  } catch (error) {
    if (isMnerError(error)) return error.code;
    throw error;
  }
}

beforeAll(async () => {
  const add = async (name: string, image: Sharp): Promise<void> => {
    samples.set(name, new Uint8Array(await image.toBuffer()));
  };
  await add("png", picture().png());
  await add("interlaced png", picture().png({ progressive: true }));
  await add("jpeg", picture().jpeg());
  await add("progressive jpeg", picture().jpeg({ progressive: true }));
  await add("webp", picture().webp());
  await add("lossless webp", picture().webp({ lossless: true }));
  await add("extended webp", picture().webp().withMetadata({ orientation: 6 }));
  await add("animated webp", animation().webp());
  await add("gif", picture().gif());
  await add("animated gif", animation().gif());
  await add("avif", picture().avif({ effort: 0 }));
  samples.set("bmp", bitmap(WIDTH, HEIGHT));
  samples.set("bmp from the top", bitmap(WIDTH, -HEIGHT));
  samples.set("old bmp", bitmap(WIDTH, HEIGHT, true));
}, 60_000);

describe("sizes and formats", () => {
  it("are read from every format", () => {
    for (const [name, bytes] of samples) {
      const header = readImageHeader(bytes);
      expect(header, name).toMatchObject({ width: WIDTH, height: HEIGHT });
      expect(name).toContain(header.format);
      expect(header.animated, name).toBe(name.startsWith("animated"));
    }
  });

  it("are read for one pixel, and wherever the file begins in memory", async () => {
    const bytes = new Uint8Array(await picture(1, 1).png().toBuffer());
    const shifted = new Uint8Array([9, 9, 9, ...bytes]).subarray(3);
    expect(readImageHeader(shifted)).toMatchObject({ width: 1, height: 1 });
  });

  it("survive what phones append after the picture", () => {
    const jpeg = sample("jpeg");
    expect(codeOf(new Uint8Array([...jpeg, ...noise(100, 10)]))).toBe("read");
  });

  it("know an animated PNG", () => {
    const chunk = withPngChunk(sample("png"), "acTL", new Uint8Array(8));
    expect(readImageHeader(chunk).animated).toBe(true);
  });
});

describe("photos that take far longer to decode than their size tells", () => {
  /** The scan after the frame header, again and again: each makes the decoder go through the whole picture. */
  const withScans = (progressive: Uint8Array, count: number, between: readonly number[] = []): Uint8Array => {
    const at = progressive.findIndex((byte, index) => byte === 0xff && progressive[index + 1] === 0xda);
    const scan = [...between, 0xff, 0xda, 0, 8, 1, 1, 0, 0, 0, 0];
    return new Uint8Array([
      ...progressive.subarray(0, at),
      ...Array.from({ length: count }, () => scan).flat(),
      ...progressive.subarray(at),
    ]);
  };

  it("are refused by the number of their scans", () => {
    const progressive = sample("progressive jpeg");
    expect(codeOf(withScans(progressive, 20))).toBe("read");
    expect(codeOf(withScans(progressive, 3000))).toBe("image-too-large");
    // An end marker inside a segment is none.
    expect(codeOf(withScans(progressive, 3000, [0xff, 0xcc, 0, 4, 0xff, 0xd9]))).toBe("image-too-large");
    expect(codeOf(withScans(progressive, 3000, [0xff, 0xfe, 0, 4, 0xff, 0xd9]))).toBe("image-too-large");
  });

  it("are refused by their scans and pixels together", () => {
    const large = withScans(sample("progressive jpeg"), 60);
    const frame = large.findIndex((byte, index) => byte === 0xff && large[index + 1] === 0xc2);
    new DataView(large.buffer).setUint16(frame + 5, 9000);
    new DataView(large.buffer).setUint16(frame + 7, 9000);
    expect(codeOf(large)).toBe("image-too-large");
  });
});

describe("an AVIF whose header lies", () => {
  /** Changes every size that the properties tell; the pictures themselves stay as large as they are. */
  const claiming = (avif: Uint8Array, width: number, height: number): Uint8Array => {
    const bytes = avif.slice();
    const view = new DataView(bytes.buffer);
    for (let at = 0; at + 16 <= bytes.length; at++) {
      if (String.fromCharCode(...bytes.subarray(at, at + 4)) !== "ispe") continue;
      view.setUint32(at + 8, width);
      view.setUint32(at + 12, height);
    }
    return bytes;
  };

  /** Puts the beginning of a picture of 60,000 × 60,000 in place of its own: a delimiter, then a sequence header. */
  const withHugePicture = (avif: Uint8Array): Uint8Array => {
    const bytes = avif.slice();
    const own = bytes.findIndex((byte, at) => byte === 0x0a && bytes[at + 1]! < 20 && at > bytes.length / 4);
    const bits = `00011${"01000"}${"1111".repeat(2)}${(59_999).toString(2).padStart(16, "0").repeat(2)}`.padEnd(
      64,
      "0",
    );
    const header = bits.match(/.{8}/g)!.map((byte) => Number.parseInt(byte, 2));
    bytes.set([0x0a, header.length, ...header], own);
    return bytes;
  };

  it("is measured by its pictures", () => {
    const avif = sample("avif");
    expect(codeOf(claiming(avif, 60_000, 60_000))).toBe("image-too-large");
    expect(codeOf(withHugePicture(avif))).toBe("image-too-large");
    expect(codeOf(claiming(withHugePicture(avif), 64, 64))).toBe("image-too-large");
  });
});

describe("orientation", () => {
  it.each([1, 2, 3, 4, 5, 6, 7, 8])("%i is read from JPEG and PNG", async (orientation) => {
    const upright = orientation < 5 ? { width: WIDTH, height: HEIGHT } : { width: HEIGHT, height: WIDTH };
    const jpeg = await picture().jpeg().withMetadata({ orientation }).toBuffer();
    expect(readImageHeader(jpeg)).toMatchObject({ ...upright, orientation });
    for (const little of [true, false]) {
      const png = withPngChunk(sample("png"), "eXIf", tiff(orientation, little));
      expect(readImageHeader(png)).toMatchObject({ ...upright, orientation });
    }
  });

  it("is upright when EXIF is broken", () => {
    for (const broken of [tiff(9, true), tiff(0, true), tiff(6, true).subarray(0, 15), new Uint8Array(4)]) {
      expect(readImageHeader(withPngChunk(sample("png"), "eXIf", broken)).orientation).toBe(1);
    }
  });

  it("of AVIF is its own property", () => {
    // A quarter turn against the clock, put in place of a property that comes with every file.
    const avif = sample("avif");
    const text = new TextDecoder("latin1").decode(avif);
    const pixi = text.indexOf("pixi");
    expect(pixi).toBeGreaterThan(0);
    avif.set(new TextEncoder().encode("irot"), pixi);
    avif[pixi + 4] = 1;
    expect(readImageHeader(avif)).toMatchObject({ width: HEIGHT, height: WIDTH, orientation: 8 });
  });
});

describe("an AVIF of several pictures", () => {
  const ascii = (text: string): number[] => Array.from(text, (character) => character.charCodeAt(0));
  const u32 = (value: number): number[] => [value >>> 24, (value >>> 16) & 255, (value >>> 8) & 255, value & 255];
  const box = (name: string, ...content: number[][]): number[] => {
    const inside = content.flat();
    return [...u32(8 + inside.length), ...ascii(name), ...inside];
  };
  const size = (width: number, height: number): number[] => box("ispe", u32(0), u32(width), u32(height));

  /** Item 1 has the second size; item 2 the first, and a quarter turn. */
  const file = (primary: number): Uint8Array =>
    Uint8Array.from([
      ...box("ftyp", ascii("avif"), u32(0), ascii("avif")),
      ...box(
        "meta",
        u32(0),
        box("pitm", u32(0), [0, primary]),
        box(
          "iprp",
          box("ipco", size(100, 50), size(10, 20), box("irot", [1])),
          box("ipma", u32(0), u32(2), [0, 1, 1, 2], [0, 2, 2, 1, 3]),
        ),
      ),
      ...box("mdat", [1, 2, 3]),
    ]);

  it("has the size and rotation of its primary one", () => {
    expect(readImageHeader(file(1))).toMatchObject({ width: 10, height: 20, orientation: 1 });
    expect(readImageHeader(file(2))).toMatchObject({ width: 50, height: 100, orientation: 8 });
  });

  it("whose primary one is not to be found has the largest", () => {
    expect(readImageHeader(file(3))).toMatchObject({ width: 100, height: 50, orientation: 1 });
  });
});

describe("refusals", () => {
  it("of files cut off anywhere", () => {
    for (const [name, bytes] of samples) {
      // An animation's first picture is whole long before its file ends.
      const whole = name === "animated gif" ? Math.floor(bytes.length / 4) : bytes.length - 2;
      for (let length = name === "avif" ? 32 : 2; length < whole; length += 1 + Math.floor(length / 40)) {
        expect(codeOf(bytes.subarray(0, length)), `${name} cut to ${length}`).toBe("image-truncated");
      }
    }
    expect(codeOf(new Uint8Array())).toBe("image-truncated");
  });

  it("of sizes that would take the page's memory, from the header alone", () => {
    const png = sample("png");
    new DataView(png.buffer).setUint32(16, 60_000);
    new DataView(png.buffer).setUint32(20, 60_000);
    expect(codeOf(png)).toBe("image-too-large");
    expect(codeOf(png.subarray(0, 60))).toBe("image-too-large");
    const thin = sample("png");
    new DataView(thin.buffer).setUint32(16, IMAGE_LIMITS.side + 1);
    expect(codeOf(thin)).toBe("image-too-large");
    const gif = sample("gif");
    gif.fill(0xff, 6, 10);
    expect(codeOf(gif)).toBe("image-too-large");
    const bmp = sample("bmp");
    new DataView(bmp.buffer).setInt32(22, -2147483648, true);
    expect(codeOf(bmp)).toBe("image-too-large");
  });

  it("of sizes that are none", () => {
    const png = sample("png");
    png.fill(0, 16, 20);
    expect(codeOf(png)).toBe("image-unreadable");
    const bmp = sample("bmp");
    new DataView(bmp.buffer).setInt32(18, -5, true);
    expect(codeOf(bmp)).toBe("image-unreadable");
  });

  it.each([
    ["<svg xmlns='http://www.w3.org/2000/svg'/>", "SVG"],
    ["<?xml version='1.0'?>\n<!-- x --><svg width='4'>", "SVG"],
    ["<!DOCTYPE html><html>", "web page"],
    ["\n<html lang='en'>", "web page"],
    ["%PDF-1.7", "PDF"],
    ["II*\0....", "TIFF"],
    ["\0\0\0\x18ftypheic\0\0\0\0mif1heic", "HEIC"],
    ["\0\0\0\x18ftypmp42\0\0\0\0isommp42", "video"],
    ["hello, world", "not a photo"],
    ["BM is also how texts begin, sometimes", "not a photo"],
  ])("of %j", (text, expected) => {
    const bytes = Uint8Array.from(text, (character) => character.charCodeAt(0));
    expect(codeOf(bytes)).toBe("image-unsupported");
    expect(() => readImageHeader(bytes)).toThrow(expected);
  });
});

describe("any bytes", () => {
  const starts = [
    "\xff\xd8\xff\xe1",
    "\x89PNG\r\n\x1a\n",
    "GIF89a",
    "RIFF\0\0\0\0WEBPVP8X",
    "BM",
    "\0\0\0\x1cftypavif",
  ];

  it("end in a header or a typed error", () => {
    const start = fc.constantFrom("", ...starts).map((text) => Uint8Array.from(text, (c) => c.charCodeAt(0)));
    fc.assert(
      fc.property(start, fc.uint8Array({ maxLength: 400 }), (head, rest) => {
        expect(codeOf(new Uint8Array([...head, ...rest]))).toMatch(/^(read|image-)/);
      }),
      { numRuns: 3000 },
    );
  });

  it("of a real file, changed anywhere, end so too, and never claim more than is safe", () => {
    const change = fc.tuple(fc.nat(400), fc.integer({ min: 0, max: 255 }));
    const names = fc.constantFrom("png", "jpeg", "webp", "extended webp", "animated gif", "avif", "bmp", "old bmp");
    fc.assert(
      fc.property(names, fc.array(change, { minLength: 1, maxLength: 8 }), (name, changes) => {
        const bytes = sample(name);
        for (const [at, value] of changes) bytes[at % bytes.length] = value;
        try {
          const { width, height } = readImageHeader(bytes);
          expect(width * height).toBeLessThanOrEqual(IMAGE_LIMITS.pixels);
          expect(Math.min(width, height)).toBeGreaterThan(0);
        } catch (error) {
          if (!isMnerError(error)) throw error;
        }
      }),
      { numRuns: 3000 },
    );
  });

  it("never take long", () => {
    // Worst cases: nothing but the byte that begins every JPEG marker, and boxes without content.
    const flood = new Uint8Array(4_000_000).fill(0xff);
    flood.set([0xff, 0xd8, 0xff, 0xc0, 0, 11, 8, 0, 9, 0, 9, 1, 1, 0x11, 0, 0xff, 0xda, 0, 2]);
    expect(codeOf(flood)).toBe("image-truncated");
    const boxes = new Uint8Array(4_000_000);
    const view = new DataView(boxes.buffer);
    for (let at = 0; at < boxes.length; at += 8) view.setUint32(at, 8);
    boxes.set(new TextEncoder().encode("ftypavif"), 4);
    view.setUint32(0, 16);
    expect(codeOf(boxes)).toBe("image-truncated");
  });
});
