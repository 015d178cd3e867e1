// A small, sound manifest and the pieces to make others from it. For tests only.
import type { ModelDescription } from "../../src/model/write.js";

/** Sizes of a network that could hardly be smaller. */
export function exampleDescription(changes: Partial<ModelDescription> = {}): ModelDescription {
  return {
    system: "mner-qg",
    name: "tiny",
    version: "1.0.0",
    licence: "MIT",
    created: "2025-01-31",
    config: {
      size: "mini",
      text: {
        layers: 1,
        width: 8,
        heads: 2,
        feedForward: 16,
        vocabulary: 30,
        positions: 64,
        segments: 2,
        shapes: 5,
        normEpsilon: 1e-12,
      },
      image: {
        kind: "csp-darknet-pan",
        size: 64,
        mean: [0.485, 0.456, 0.406],
        std: [0.229, 0.224, 0.225],
        channels: [8, 8, 8],
        strides: [32, 16, 8],
      },
      width: 8,
      attentionHeads: 2,
      anchors: [
        [
          [40, 50],
          [60, 30],
          [64, 64],
        ],
        [
          [20, 25],
          [30, 15],
          [32, 32],
        ],
        [
          [10, 12],
          [15, 7],
          [16, 16],
        ],
      ],
      maxSpanWords: 8,
      maxPieces: 64,
    },
    queries: [{ label: "PER", query: "people and their names" }],
    metrics: { "dev F1": 0.5 },
    selfTest: { input: { text: "a" }, output: { start: [0.25] } },
    ...changes,
  };
}

/** A manifest as JSON.parse would give it: one shard, one int8 and one float16 tensor. */
export function exampleManifest(): Record<string, unknown> {
  const description = exampleDescription();
  return JSON.parse(
    JSON.stringify({
      format: "mner-qg-model",
      formatVersion: 2,
      ...description,
      tokenizer: { files: [{ path: "vocab.txt", bytes: 10, sha256: "a".repeat(64) }] },
      calibration: { spanThreshold: 0.5, span: { a: 1, b: 0 }, none: { a: 1, b: 0 } },
      shards: [
        { path: "weights-0.bin", bytes: 40, sha256: "b".repeat(64) },
        { path: "weights-1.bin", bytes: 24, sha256: "c".repeat(64) },
      ],
      tensors: [
        { name: "a.weight", shape: [4, 4], encoding: "int8", shard: 0, offset: 0, bytes: 16, scaleOffset: 16 },
        { name: "a.bias", shape: [4], encoding: "float16", shard: 0, offset: 32, bytes: 8 },
        { name: "b.weight", shape: [2, 3], encoding: "float32", shard: 1, offset: 40, bytes: 24 },
      ],
    }),
  ) as Record<string, unknown>;
}
