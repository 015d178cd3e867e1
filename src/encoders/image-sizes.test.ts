// A model says how large it sees photos; one that would take minutes for each is refused before anything is fetched.
import { expect, it } from "vitest";
import { readImageSizes } from "./index.js";

const usual = { mean: [0, 0, 0], std: [1, 1, 1], strides: [32, 16, 8] };
const small = { ...usual, kind: "csp-darknet-pan", channels: [128, 128, 128] };
const large = { ...usual, kind: "darknet53-fpn", channels: [512, 256, 128] };

it("sizes that are in use are read", () => {
  expect(readImageSizes({ ...small, size: 320 }, "image").size).toBe(320);
  expect(readImageSizes({ ...large, size: 416 }, "image").size).toBe(416);
});

it("sizes that no device has the time for are refused with a code of their own", () => {
  for (const record of [small, large]) {
    expect(() => readImageSizes({ ...record, size: 4096 }, "image")).toThrow(
      expect.objectContaining({ code: "model-too-large" }),
    );
  }
});
