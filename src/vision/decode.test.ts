// The deadline of decoding. No browser can be told to decode for ever, so here one stands in that does.
import sharp from "sharp";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { photoFromBytes } from "./decode.js";
import { IMAGE_LIMITS } from "./header.js";

let bytes: Uint8Array;
let end: (bitmap: { close(): void }) => void;

beforeEach(async () => {
  bytes = await sharp({ create: { width: 30, height: 20, channels: 3, background: "#804020" } })
    .png()
    .toBuffer();
  vi.stubGlobal("createImageBitmap", () => new Promise((resolve) => (end = resolve)));
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

describe("a photo whose decoding does not end", () => {
  it("is given up in time, and closed should it come after all", async () => {
    const settled = photoFromBytes(bytes).then(
      () => "a photo",
      (error: { code: string; message: string }) => error,
    );
    let over = false;
    void settled.then(() => (over = true));
    await vi.advanceTimersByTimeAsync(IMAGE_LIMITS.seconds * 1000 - 50);
    expect(over).toBe(false);
    await vi.advanceTimersByTimeAsync(100);
    expect(await settled).toMatchObject({
      code: "image-too-large",
      message: expect.stringContaining("Make it smaller"),
    });
    const close = vi.fn();
    end({ close });
    await vi.advanceTimersByTimeAsync(0);
    expect(close).toHaveBeenCalledOnce();
  });

  it("leaves no timer behind when it ends in time", async () => {
    const settled = photoFromBytes(bytes).catch((error: Error) => error);
    await vi.advanceTimersByTimeAsync(10);
    expect(vi.getTimerCount()).toBe(1);
    end({ close: () => {} });
    await settled;
    expect(vi.getTimerCount()).toBe(0);
  });
});
