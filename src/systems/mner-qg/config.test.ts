// The list of weights against what PyTorch really saved for both shapes of network.
import { describe, expect, it } from "vitest";
import { readGolden } from "../../../test/support/golden.js";
import type { JsonRecord } from "../../core/json.js";
import { UNCALIBRATED } from "../../model/index.js";
import { weightShapes } from "../network.js";
import { readConfig } from "./config.js";
import { mnerQg } from "./system.js";

describe.each(["golden-tiny-mini", "golden-tiny-base", "golden-tiny-nanodet"])("%s", (name) => {
  const { json, config, weights } = readGolden(name);

  it("is named and shaped as in PyTorch, batch norms apart", () => {
    const saved = new Map([...weights].map(([key, tensor]) => [key, [...tensor.shape]]));
    const { shapes, normed } = weightShapes(mnerQg, config);
    const expected = new Map([...shapes].map(([key, shape]) => [key, [...shape]]));
    expect(normed.length).toBeGreaterThan(0);
    for (const convolution of normed) {
      const outputs = expected.get(`${convolution}.conv.weight`)![0]!;
      expect(expected.get(`${convolution}.conv.bias`)).toEqual([outputs]);
      expected.delete(`${convolution}.conv.bias`);
      for (const part of ["weight", "bias", "running_mean", "running_var"]) {
        expected.set(`${convolution}.norm.${part}`, [outputs]);
      }
    }
    expect(Object.fromEntries([...expected].sort())).toEqual(Object.fromEntries([...saved].sort()));
  });

  it("refuses sizes that fit no network", () => {
    expect(readConfig(json, UNCALIBRATED)).toEqual(config);
    const [text, image] = [json.text as JsonRecord, json.image as JsonRecord];
    const broken: JsonRecord[] = [
      { ...json, width: 15 },
      { ...json, text: { ...text, heads: 5 } },
      { ...json, text: { ...text, layers: 0.5 } },
      { ...json, image: { ...image, size: 65 } },
      { ...json, image: { ...image, channels: [16, 16, 15] } },
      { ...json, image: { ...image, strides: [16, 8, 4] } },
    ];
    for (const wrong of broken) {
      expect(() => readConfig(wrong, UNCALIBRATED)).toThrow(
        expect.objectContaining({ code: "model-manifest-invalid" }),
      );
    }
  });
});
