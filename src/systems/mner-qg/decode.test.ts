// The likeliest place is never lost: it is the region, or the first alternative when the answer was "not in the photo".
import { describe, expect, it } from "vitest";
import { readGolden } from "../../../test/support/golden.js";
import type { PreparedText, Sequences } from "../../text/index.js";
import { fitLetterbox } from "../../vision/index.js";
import { decode as decodeAnswer } from "./decode.js";

const { config } = readGolden("golden-tiny-mini");
const { size, strides } = config.image;
const count = strides.reduce((sum, stride) => sum + 3 * (size / stride) ** 2, 0);

/** One word, one query that finds nothing in it, and a photo whose first candidate is the likeliest by far. */
function decode(none: number) {
  const candidates = new Float32Array(count * 5);
  for (let at = 4; at < candidates.length; at += 5) candidates[at] = -30;
  candidates[4] = 5;
  const prepared: PreparedText = {
    text: "a",
    words: [{ start: 0, end: 1 }],
    pieces: [{ id: 1, word: 0, shape: 1, start: 0, end: 1 }],
  };
  const sequences: Sequences = {
    rows: 1,
    length: 1,
    queryCount: 1,
    windows: [{ firstPiece: 0, endPiece: 1 }],
    ids: Int32Array.of(1),
    segments: Int32Array.of(1),
    shapes: Int32Array.of(1),
    lengths: Int32Array.of(1),
    sentenceColumns: Int32Array.of(0),
  };
  const answer = {
    start: Float32Array.of(-9),
    end: Float32Array.of(-9),
    existence: Float32Array.of(-9),
    photo: [{ candidates, none, relevance: 0.5 }],
  };
  const { queries } = decodeAnswer({ names: null, width: config.width }, config, answer, sequences, {
    prepared,
    queries: [{ label: "PER", query: "people" }],
    letterbox: fitLetterbox(64, 48, size),
    nested: false,
    threshold: 0.5,
  });
  return queries[0]!;
}

describe("the likeliest place", () => {
  it("is the region when it is in the photo", () => {
    const { region, alternatives, notInPhoto } = decode(-5);
    expect(notInPhoto).toBeLessThan(0.5);
    expect(region).not.toBeNull();
    expect(alternatives).toEqual([]);
  });

  it("is the first alternative when it is not", () => {
    const { region, alternatives, notInPhoto } = decode(9);
    expect(notInPhoto).toBeGreaterThan(0.5);
    expect(region).toBeNull();
    expect(alternatives[0]!.box).toEqual(decode(-5).region!.box);
  });
});
