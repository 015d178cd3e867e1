import { describe, expect, it } from "vitest";
import { fitPhoto } from "./layout.js";

const frame = { width: 200, height: 100 };
const photo = { width: 50, height: 50 };

describe("fitPhoto", () => {
  it("follows object-fit", () => {
    expect(fitPhoto(frame, photo, "fill")).toEqual({ x: 0, y: 0, width: 200, height: 100 });
    expect(fitPhoto(frame, photo, "contain")).toEqual({ x: 50, y: 0, width: 100, height: 100 });
    expect(fitPhoto(frame, photo, "cover")).toEqual({ x: 0, y: -50, width: 200, height: 200 });
    expect(fitPhoto(frame, photo, "none")).toEqual({ x: 75, y: 25, width: 50, height: 50 });
    expect(fitPhoto(frame, photo, "scale-down")).toEqual({ x: 75, y: 25, width: 50, height: 50 });
    expect(fitPhoto(frame, { width: 400, height: 400 }, "scale-down")).toEqual({
      x: 50,
      y: 0,
      width: 100,
      height: 100,
    });
  });
  it("follows object-position in percent and pixels", () => {
    expect(fitPhoto(frame, photo, "contain", "0% 0%")).toMatchObject({ x: 0, y: 0 });
    expect(fitPhoto(frame, photo, "contain", "100% 50%")).toMatchObject({ x: 100, y: 0 });
    expect(fitPhoto(frame, photo, "none", "10px 20px")).toMatchObject({ x: 10, y: 20 });
  });
  it("fills the frame while the photo's size is unknown", () => {
    expect(fitPhoto(frame, { width: 0, height: 0 }, "contain")).toEqual({ x: 0, y: 0, width: 200, height: 100 });
  });
});
