// Photos in Chromium: every source, page and worker alike, equal to Node's decoder, and every way not to get one.
import sharp, { type Sharp } from "sharp";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { fitLetterbox, letterboxInput } from "../../src/vision/index.js";
import { photoFromNode } from "../../src/vision/node.js";
import { type EngineSite, openSite } from "../support/engine-site.js";
import { type Served, serve } from "../support/serve.js";
import type * as PhotoPage from "./photo-page.js";
import type { Outcome, SeenPhoto } from "./photo-page.js";

type Page = Awaited<ReturnType<EngineSite["open"]>>;

let site: EngineSite;
let page: Page;
/** Other sites: one that lets itself be read, one that does not. */
let open: Served;
let closed: Served;
let picture: Buffer;

/** A smooth picture, so that decoders may differ in the last bit but not in what is seen. */
function slopes(width: number, height: number): Sharp {
  const pixels = new Uint8Array(width * height * 3);
  for (let y = 0, at = 0; y < height; y++) {
    for (let x = 0; x < width; x++, at += 3) {
      pixels[at] = (x * 255) / width;
      pixels[at + 1] = (y * 255) / height;
      pixels[at + 2] = 128 + 100 * Math.sin((x * 12) / width) * Math.cos((y * 9) / height);
    }
  }
  return sharp(pixels, { raw: { width, height, channels: 3 } });
}

function photoOf(outcome: Outcome): SeenPhoto {
  if ("photo" in outcome) return outcome.photo;
  throw new Error(`${outcome.code}: ${outcome.message}`);
}

function codeOf(outcome: Outcome): string {
  return "photo" in outcome ? "a photo" : outcome.code;
}

/** Largest difference of any colour. */
function difference(one: Uint8Array | Uint8ClampedArray, other: Uint8Array | Uint8ClampedArray): number {
  expect(one.length).toBe(other.length);
  let most = 0;
  for (let i = 0; i < one.length; i++) most = Math.max(most, Math.abs(one[i]! - other[i]!));
  return most;
}

function pixelsOf(photo: SeenPhoto): Uint8Array {
  return new Uint8Array(Buffer.from(photo.pixels, "base64"));
}

/** Runs in the page, with the page's own module as `entry`. */
function run<T, A>(step: (argument: A, entry: typeof PhotoPage) => Promise<T>, argument: A): Promise<T> {
  const text = `(argument) => (${step.toString()})(argument, globalThis.entry)`;
  return page.evaluate(([source, given]) => new Function(`return ${source as string}`)()(given) as T, [
    text,
    argument,
  ] as const) as Promise<T>;
}

beforeAll(async () => {
  picture = await slopes(60, 40).png().toBuffer();
  const pages = new Map([["/photo.png", picture as unknown as string]]);
  open = await serve({ pages, headers: { "access-control-allow-origin": "*" } });
  closed = await serve({ pages });
  site = await openSite({ entries: { "photo-page": "test/vision/photo-page.ts" } });
  site.pages.set("/photo.png", picture as unknown as string);
  page = await site.open("photo-page");
});

afterAll(async () => {
  await site?.close();
  await open?.close();
  await closed?.close();
});

describe("files", () => {
  it("of every format and way up are decoded as in Node, in the page and in a worker", async () => {
    const files = new Map<string, [file: Buffer, tolerance: number]>();
    for (const orientation of [1, 2, 3, 4, 5, 6, 7, 8]) {
      const turned = slopes(60, 40).withMetadata({ orientation });
      files.set(`jpeg ${orientation}`, [await turned.clone().jpeg({ quality: 95 }).toBuffer(), 4]);
      files.set(`webp ${orientation}`, [await turned.clone().webp({ lossless: true }).toBuffer(), 0]);
      files.set(`png ${orientation}`, [await turned.clone().png().toBuffer(), 0]);
    }
    files.set("avif", [await slopes(60, 40).avif({ effort: 0, quality: 90 }).toBuffer(), 6]);
    files.set("gif", [await slopes(60, 40).gif().toBuffer(), 0]);
    files.set("grey", [await slopes(60, 40).greyscale().png().toBuffer(), 1]);
    files.set("one pixel", [await slopes(1, 1).png().toBuffer(), 0]);
    for (const [name, [file, tolerance]] of files) {
      const node = await photoFromNode(new Uint8Array(file));
      const content = file.toString("base64");
      const seen = await run(async (given, entry) => {
        const element = await entry.image(URL.createObjectURL(entry.file(given)));
        const shown = { width: element.naturalWidth, height: element.naturalHeight };
        return { shown, both: [await entry.inPage(entry.file(given)), await entry.inWorker(entry.file(given))] };
      }, content);
      for (const photo of seen.both.map(photoOf)) {
        // Boxes are drawn over what <img> shows.
        expect({ width: photo.width, height: photo.height }, name).toEqual(seen.shown);
        expect({ width: node.width, height: node.height }, name).toEqual(seen.shown);
        expect(photo.key, name).toBe(node.key);
        expect(difference(pixelsOf(photo), node.pixels), name).toBeLessThanOrEqual(tolerance);
      }
    }
  });

  it("that are larger than needed are shrunk on the way, and the network sees the same", async () => {
    for (const [width, height, orientation] of [
      [4000, 3000, 1],
      [2000, 3000, 6],
      [1281, 40, 1],
    ] as const) {
      const file = await slopes(width, height).withMetadata({ orientation }).jpeg({ quality: 90 }).toBuffer();
      const content = file.toString("base64");
      const photo = photoOf(await run((given, entry) => entry.inWorker(entry.file(given)), content));
      const upright = orientation === 6 ? [height, width] : [width, height];
      expect([photo.width, photo.height]).toEqual(upright);
      expect(Math.max(photo.pixelWidth, photo.pixelHeight)).toBe(1280);
      const node = await photoFromNode(new Uint8Array(file));
      const letterbox = fitLetterbox(node.width, node.height, 320);
      const exact = letterboxInput(node.pixels, node.width, node.height, letterbox, {
        mean: [0, 0, 0],
        std: [1, 1, 1],
      });
      const base64 = await run((given, entry) => entry.networkInput(given, 320), content);
      const seen = new Float32Array(new Uint8Array(Buffer.from(base64, "base64")).buffer);
      let most = 0;
      for (let i = 0; i < exact.length; i++) most = Math.max(most, Math.abs(exact[i]! - seen[i]!));
      expect(most * 255, `${width}×${height}`).toBeLessThan(5);
    }
  });

  it("that are transparent lie on white", async () => {
    const pixels = Uint8Array.of(255, 0, 0, 0, 0, 0, 255, 128, 9, 9, 9, 255);
    const file = await sharp(pixels, { raw: { width: 3, height: 1, channels: 4 } })
      .png()
      .toBuffer();
    const photo = photoOf(await run((given, entry) => entry.inPage(entry.file(given)), file.toString("base64")));
    expect(
      difference(pixelsOf(photo), Uint8Array.of(255, 255, 255, 255, 127, 127, 255, 255, 9, 9, 9, 255)),
    ).toBeLessThan(2);
  });

  it("that are no photos have their own codes", async () => {
    const bomb = Buffer.from(picture);
    bomb.writeUInt32BE(60_000, 16);
    bomb.writeUInt32BE(60_000, 20);
    const damaged = Buffer.from(picture);
    damaged.fill(0x55, 60, damaged.length - 20);
    const cases: [Buffer, string][] = [
      [bomb, "image-too-large"],
      [damaged, "image-unreadable"],
      [picture.subarray(0, 300), "image-truncated"],
      [Buffer.from("<svg xmlns='http://www.w3.org/2000/svg' width='4' height='4'/>"), "image-unsupported"],
      [Buffer.from("<!doctype html>"), "image-unsupported"],
      [Buffer.alloc(0), "image-truncated"],
    ];
    for (const [file, code] of cases) {
      const outcome = await run((given, entry) => entry.inWorker(entry.file(given)), file.toString("base64"));
      expect(codeOf(outcome)).toBe(code);
    }
  });
});

describe("sources", () => {
  it("of every kind give the same pixels, and keep what they hold", async () => {
    const content = picture.toString("base64");
    const outcomes = await run(async (given, entry) => {
      const bitmap = await createImageBitmap(entry.file(given));
      const canvas = await entry.canvas(given);
      const blobAddress = URL.createObjectURL(entry.file(given));
      const sources = {
        address: "/photo.png",
        "URL object": new URL("/photo.png", location.href),
        "blob address": blobAddress,
        "data address": `data:image/png;base64,${given}`,
        Blob: entry.file(given),
        File: new File([entry.file(given)], "photo.png"),
        ImageBitmap: bitmap,
        canvas,
        OffscreenCanvas: (() => {
          const offscreen = new OffscreenCanvas(bitmap.width, bitmap.height);
          offscreen.getContext("2d")!.drawImage(bitmap, 0, 0);
          return offscreen;
        })(),
        ImageData: canvas.getContext("2d")!.getImageData(0, 0, canvas.width, canvas.height),
        img: await entry.image("/photo.png"),
      };
      const results: Record<string, [Outcome, Outcome]> = {};
      for (const [name, source] of Object.entries(sources)) {
        results[name] = [await entry.inPage(source), await entry.inWorker(source)];
      }
      return { results, bitmapWidth: bitmap.width };
    }, content);
    const expected = await photoFromNode(new Uint8Array(picture));
    expect(outcomes.bitmapWidth).toBe(60);
    for (const [name, both] of Object.entries(outcomes.results)) {
      const [inPage, inWorker] = both.map(photoOf) as [SeenPhoto, SeenPhoto];
      expect(inPage, name).toMatchObject({ width: 60, height: 40 });
      expect(difference(pixelsOf(inPage), expected.pixels), name).toBe(0);
      expect(inWorker, name).toEqual(inPage);
    }
  });

  it("that hold nothing have their own codes", async () => {
    const codes = await run(async (_, entry) => {
      const bitmap = await createImageBitmap(new ImageData(4, 4));
      bitmap.close();
      const empty = document.createElement("canvas");
      empty.width = 0;
      const revoked = URL.createObjectURL(new Blob(["x"]));
      URL.revokeObjectURL(revoked);
      const sources: unknown[] = [
        bitmap,
        empty,
        new Image(),
        await entry.image("/nothing.png"),
        revoked,
        "/nothing.png",
        "javascript:alert(1)",
        document.createElement("div"),
        5,
      ];
      const results: Outcome[] = [];
      for (const source of sources) results.push(await entry.inPage(source as string));
      return results;
    }, null);
    expect(codes.map(codeOf)).toEqual([
      "image-unreadable",
      "image-unreadable",
      "image-unreadable",
      "image-network",
      "image-network",
      "image-network",
      "image-unreadable",
      "image-unsupported",
      "image-unsupported",
    ]);
  });
});

describe("other sites", () => {
  it("that permit it are read; of the others it is said why not", async () => {
    const given = { open: `${open.origin}/photo.png`, closed: `${closed.origin}/photo.png` };
    const outcomes = await run(async (addresses, entry) => {
      const tainted = document.createElement("canvas");
      tainted.getContext("2d")!.drawImage(await entry.image(addresses.closed), 0, 0);
      return {
        open: await entry.inWorker(addresses.open),
        closed: await entry.inWorker(addresses.closed),
        withCredentials: await entry.inWorker(addresses.open, { crossOrigin: "use-credentials" }),
        openElement: await entry.inWorker(await entry.image(addresses.open, "anonymous")),
        openElementWithoutAttribute: await entry.inWorker(await entry.image(addresses.open)),
        closedElement: await entry.inWorker(await entry.image(addresses.closed)),
        tainted: await entry.inWorker(tainted),
        nobody: await entry.inWorker("http://127.0.0.1:1/photo.png"),
      };
    }, given);
    expect(Object.fromEntries(Object.entries(outcomes).map(([name, outcome]) => [name, codeOf(outcome)]))).toEqual({
      open: "a photo",
      closed: "image-cross-origin",
      // The permission is for everyone, which browsers do not take for requests with cookies.
      withCredentials: "image-cross-origin",
      openElement: "a photo",
      openElementWithoutAttribute: "a photo",
      closedElement: "image-cross-origin",
      tainted: "image-cross-origin",
      nobody: "image-network",
    });
  });

  it("and our own are out of reach while the device is offline", async () => {
    await page.context().setOffline(true);
    try {
      const outcomes = await run(
        async (address, entry) => [await entry.inPage(address), await entry.inPage("/photo.png")],
        `${closed.origin}/photo.png`,
      );
      expect(outcomes.map(codeOf)).toEqual(["offline", "offline"]);
    } finally {
      await page.context().setOffline(false);
    }
  });
});
