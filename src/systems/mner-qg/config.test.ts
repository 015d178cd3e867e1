// The list of weights against what PyTorch really saved for both shapes of network.
import { describe, expect, it } from "vitest";
import { exampleManifest } from "../../../test/support/example-manifest.js";
import { readGolden } from "../../../test/support/golden.js";
import type { JsonRecord } from "../../core/json.js";
import { UNCALIBRATED } from "../../model/index.js";
import { loadSystem } from "../index.js";
import { weightShapes } from "../network.js";
import { readConfig } from "./config.js";
import { mnerQg } from "./system.js";

describe.each(["golden-tiny-mini", "golden-tiny-base", "golden-tiny-nanodet", "golden-tiny-one-way"])("%s", (name) => {
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
      { ...json, oneWay: true },
      { ...json, oneWay: { sharedLayers: 1 } },
      { ...json, oneWay: { sharedLayers: 2, sentenceStart: 16 } },
      { ...json, oneWay: { sharedLayers: 1, sentenceStart: 17 } },
      { ...json, oneWay: { sharedLayers: 1, sentenceStart: 0 } },
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

describe("faults and where they are said to be", () => {
  /** The example's config and calibration with the value at a path changed. */
  const read = (path: string, value: unknown): unknown => {
    const manifest = exampleManifest();
    const keys = path.split(".");
    const last = keys.pop()!;
    let place = manifest;
    for (const key of keys) place = place[key] as Record<string, unknown>;
    place[last] = value;
    return readConfig(manifest.config as JsonRecord, manifest.calibration as JsonRecord);
  };

  it.each([
    ["calibration.span.a", null, "calibration.span.a"],
    ["calibration.spanThreshold", 1.5, "calibration.spanThreshold"],
    ["config.text.heads", 3, "config.text.width"],
    ["config.text.layers", -1, "config.text.layers"],
    ["config.attentionHeads", 5, "config.width"],
    ["config.image.size", 72, "config.image.size"],
    ["config.image.std", [0, 1, 1], "config.image.std[0]"],
    ["config.anchors.1.0", [1, 2, 3], "config.anchors[1][0]"],
    ["config.anchors.1", [[1, 2]], "config.anchors"],
    ["config.depthwise", "yes", "config.depthwise"],
    ["config.maxPieces", 65, "config.maxPieces"],
  ])("%s = %j", (path, value, expected) => {
    const fault = { code: "model-manifest-invalid", message: expect.stringContaining(expected) };
    expect(() => read(path, value)).toThrow(expect.objectContaining(fault));
  });

  it("an image encoder of the future", () => {
    const fault = expect.objectContaining({ code: "model-version-unsupported" });
    expect(() => read("config.image.kind", "vit")).toThrow(fault);
  });
});

describe("the registry", () => {
  it("knows no system of the future", async () => {
    await expect(loadSystem("__proto__")).rejects.toMatchObject({ code: "model-version-unsupported" });
    await expect(loadSystem("mner-qg-9")).rejects.toMatchObject({ message: expect.stringContaining("newer mner-qg") });
  });
});
