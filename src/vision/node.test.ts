// Photos in Node: files of every format and every way up, addresses on a real server, and everything that can be wrong.
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import sharp from "sharp";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { fetchImage } from "./fetch-image.js";
import { openNodeImage, photoFromNode } from "./node.js";
import type { Photo } from "./photo.js";

/** Four colours in the corners of 3×2 cells of 8 pixels, so that every turn and flip can be told. */
const COLOURS = ["ff0000", "00ff00", "0000ff", "ffff00", "ff00ff", "00ffff"];

async function cells(columns: readonly string[], width: number): Promise<Buffer> {
  const rows = columns.length / width;
  const pixels = new Uint8Array(columns.length * 64 * 3);
  for (let y = 0; y < rows * 8; y++) {
    for (let x = 0; x < width * 8; x++) {
      const colour = Number.parseInt(columns[Math.floor(y / 8) * width + Math.floor(x / 8)]!, 16);
      pixels.set([colour >> 16, (colour >> 8) & 255, colour & 255], (y * width * 8 + x) * 3);
    }
  }
  return sharp(pixels, { raw: { width: width * 8, height: rows * 8, channels: 3 } })
    .png()
    .toBuffer();
}

/** The colour in the middle of each cell, to the nearest corner of the colour cube. */
function readCells(photo: Photo): string[] {
  const found: string[] = [];
  for (let y = 4; y < photo.pixelHeight; y += 8) {
    for (let x = 4; x < photo.pixelWidth; x += 8) {
      const at = (y * photo.pixelWidth + x) * 4;
      found.push([...photo.pixels.subarray(at, at + 3)].map((value) => (value > 127 ? "ff" : "00")).join(""));
    }
  }
  return found;
}

let picture: Buffer;
let server: Server;
let origin: string;
let folder: string;

beforeAll(async () => {
  picture = await cells(COLOURS, 3);
  folder = await mkdtemp(join(tmpdir(), "mner-qg-"));
  await writeFile(join(folder, "photo.png"), picture);
  server = createServer((request, response) => {
    if (request.url === "/photo.png") response.end(picture);
    else if (request.url === "/half.png") response.end(picture.subarray(0, picture.length / 2));
    else if (request.url === "/page") response.writeHead(200, { "content-type": "text/html" }).end("<!doctype html>");
    else if (request.url === "/silent") response.writeHead(200).write("x");
    else if (request.url === "/reset") response.writeHead(200).write("x", () => response.destroy());
    else if (request.url === "/huge") response.writeHead(200, { "content-length": 1e9 }).write("x");
    else if (request.url === "/endless") {
      const block = Buffer.alloc(1 << 20);
      const more = (): void => void (response.destroyed || response.write(block, more));
      more();
    } else response.writeHead(404).end();
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});

afterAll(async () => {
  server.closeAllConnections();
  server.close();
  await rm(folder, { recursive: true });
});

describe("photoFromNode", () => {
  it("reads a path, URLs, bytes, a Blob and pixels alike", async () => {
    const file = join(folder, "photo.png");
    const base64 = `data:image/png;base64,${picture.toString("base64")}`;
    const percent = `data:image/png,${[...picture].map((byte) => `%${byte.toString(16).padStart(2, "0")}`).join("")}`;
    const photos = await Promise.all(
      [
        file,
        pathToFileURL(file),
        `${origin}/photo.png`,
        base64,
        percent,
        new Uint8Array(picture),
        new Blob([new Uint8Array(picture)]),
      ].map((source) => photoFromNode(source)),
    );
    for (const photo of photos) {
      expect(photo).toMatchObject({ width: 24, height: 16, pixelWidth: 24, pixelHeight: 16, notices: [] });
      expect(readCells(photo)).toEqual(COLOURS);
      expect(photo.key).toBe(photos[0]!.key);
    }
    const { pixels, width, height } = photos[0]!;
    expect(readCells(await photoFromNode({ data: pixels, width, height }))).toEqual(COLOURS);
  });

  it.each([1, 2, 3, 4, 5, 6, 7, 8])("turns orientation %i upright", async (orientation) => {
    // How the upright picture has to be stored for that orientation to show it upright.
    const [a, b, c, d, e, f] = COLOURS as [string, string, string, string, string, string];
    const stored: Record<number, [string[], number]> = {
      1: [[a, b, c, d, e, f], 3],
      2: [[c, b, a, f, e, d], 3],
      3: [[f, e, d, c, b, a], 3],
      4: [[d, e, f, a, b, c], 3],
      5: [[a, d, b, e, c, f], 2],
      6: [[c, f, b, e, a, d], 2],
      7: [[f, c, e, b, d, a], 2],
      8: [[d, a, e, b, f, c], 2],
    };
    const [colours, width] = stored[orientation]!;
    const turned = sharp(await cells(colours, width)).withMetadata({ orientation });
    for (const file of [turned.clone().jpeg({ quality: 100 }), turned.clone().png()]) {
      const photo = await photoFromNode(new Uint8Array(await file.toBuffer()));
      expect(photo).toMatchObject({ width: 24, height: 16 });
      expect(readCells(photo)).toEqual(COLOURS);
    }
    // Browsers do not turn WebP.
    const webp = await turned.webp({ lossless: true }).toBuffer();
    expect(readCells(await photoFromNode(new Uint8Array(webp)))).toEqual(colours);
  });

  it("lays transparency over white", async () => {
    const pixels = Uint8Array.of(255, 0, 0, 0, 0, 0, 255, 128);
    const png = await sharp(pixels, { raw: { width: 2, height: 1, channels: 4 } })
      .png()
      .toBuffer();
    const photo = await photoFromNode(new Uint8Array(png));
    expect([...photo.pixels]).toEqual([255, 255, 255, 255, 127, 127, 255, 255]);
  });

  it("reads grey, palette, 16-bit and CMYK files", async () => {
    const files = [
      sharp(picture).greyscale().png(),
      sharp(picture).png({ palette: true }),
      sharp(picture).toColourspace("rgb16").png(),
      sharp(picture).toColourspace("cmyk").jpeg(),
      sharp(picture).gif(),
      sharp(picture).avif({ effort: 0 }),
    ];
    for (const file of files) {
      const photo = await photoFromNode(new Uint8Array(await file.toBuffer()));
      expect(photo.pixels).toHaveLength(24 * 16 * 4);
    }
  });

  it("takes the first picture of an animation and says so", async () => {
    const raw = { width: 8, height: 16, channels: 3 as const, pageHeight: 8 };
    const frames = new Uint8Array(8 * 16 * 3).fill(255, 0, 8 * 8 * 3);
    const photo = await photoFromNode(new Uint8Array(await sharp(frames, { raw }).gif().toBuffer()));
    expect(photo).toMatchObject({ width: 8, height: 8, notices: [{ code: "image-animated" }] });
    expect(photo.pixels[0]).toBe(255);
  });

  it("knows a photo by its content before it is decoded", async () => {
    const opened = await openNodeImage(join(folder, "photo.png"));
    expect(opened.key).toBe((await opened.decode()).key);
  });

  it("says what is wrong", async () => {
    const bmp = new Uint8Array(58);
    bmp.set([0x42, 0x4d, 58, 0, 0, 0, 0, 0, 0, 0, 54, 0, 0, 0, 40, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 1, 0, 24]);
    const damaged = new Uint8Array(picture);
    damaged.fill(0x55, 60, damaged.length - 20);
    const wrong: [Parameters<typeof photoFromNode>[0], string][] = [
      [join(folder, "nowhere.png"), "image-unreadable"],
      [folder, "image-unreadable"],
      [new Uint8Array(), "image-truncated"],
      [new Uint8Array(picture.subarray(0, 100)), "image-truncated"],
      [new TextEncoder().encode("<svg></svg>"), "image-unsupported"],
      [damaged, "image-unreadable"],
      [bmp, "image-unsupported"],
      [`${origin}/nothing`, "image-network"],
      [`${origin}/half.png`, "image-truncated"],
      [`${origin}/page`, "image-unsupported"],
      [`${origin}/reset`, "image-network"],
      [`${origin}/huge`, "image-too-large"],
      [`${origin}/endless`, "image-too-large"],
      ["http://127.0.0.1:1/", "image-network"],
      ["data:nothing", "image-unreadable"],
      ["data:image/png;base64,???", "image-unreadable"],
    ];
    for (const [source, code] of wrong) {
      await expect(photoFromNode(source), String(source).slice(0, 60)).rejects.toMatchObject({ code });
    }
  });

  it("says what to install when sharp is absent", async () => {
    vi.resetModules();
    vi.doMock("sharp", () => {
      throw new Error("Cannot find package 'sharp'");
    });
    const { photoFromNode: withoutSharp } = await import("./node.js");
    const refused = withoutSharp(new Uint8Array(picture));
    await expect(refused).rejects.toThrow("npm install sharp");
    vi.doUnmock("sharp");
  });
});

describe("fetchImage", () => {
  it("gives up on a server that falls silent", async () => {
    await expect(fetchImage(`${origin}/silent`, { stallMs: 100 })).rejects.toMatchObject({ code: "image-network" });
  });

  it("stops when aborted", async () => {
    const controller = new AbortController();
    const loading = fetchImage(`${origin}/silent`, { signal: controller.signal });
    setTimeout(() => controller.abort(), 30);
    await expect(loading).rejects.toMatchObject({ code: "aborted" });
    await expect(fetchImage(`${origin}/photo.png`, { signal: AbortSignal.abort() })).rejects.toMatchObject({
      code: "aborted",
    });
  });

  it.each(["javascript:alert(1)", "ftp://x/y.png", "//", "file:///etc/passwd"])("refuses %s", async (address) => {
    await expect(fetchImage(address)).rejects.toMatchObject({ code: "image-unreadable" });
  });
});
