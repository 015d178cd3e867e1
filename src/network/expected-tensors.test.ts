// The list of weights against what PyTorch really saved for both shapes of network.
import { describe, expect, it } from "vitest";
import { readGolden } from "../../test/support/golden.js";
import type { NetworkConfig } from "./config.js";
import { checkNetworkConfig } from "./config.js";
import { expectedTensors, normedConvolutions } from "./expected-tensors.js";

describe.each(["golden-tiny-mini", "golden-tiny-base"])("%s", (name) => {
  const { config, weights } = readGolden(name);

  it("is named and shaped as in PyTorch, batch norms apart", () => {
    const saved = new Map([...weights].map(([key, tensor]) => [key, [...tensor.shape]]));
    const expected = new Map([...expectedTensors(config)].map(([key, shape]) => [key, [...shape]]));
    const normed = normedConvolutions(config);
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
    const broken: NetworkConfig[] = [
      { ...config, width: 15 },
      { ...config, text: { ...config.text, heads: 5 } },
      { ...config, text: { ...config.text, layers: 0.5 } },
      { ...config, image: { ...config.image, size: 65 } },
      { ...config, image: { ...config.image, channels: [16, 16, 15] } },
      { ...config, image: { ...config.image, strides: [16, 8, 4] } },
    ];
    for (const wrong of broken) {
      expect(() => checkNetworkConfig(wrong)).toThrow(expect.objectContaining({ code: "model-mismatch" }));
    }
  });
});
