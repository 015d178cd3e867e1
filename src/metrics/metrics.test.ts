// Holds this room to training/metrics.py through a committed fixture, to the last digit, and to a few facts by hand.
import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import {
  areaUnderRoc,
  confusionTable,
  expectedCalibrationError,
  type GoldEntity,
  type GroundingItem,
  intersectionOverUnion,
  isGroundedRight,
  type PredictedEntity,
  scoreEeg,
  scoreExistence,
  scoreGmner,
  scoreGrounding,
  scoreSpans,
  spansFromTags,
  type TypedSpan,
} from "./index.js";

type SpanTriple = [number, number, string];

interface FixtureCase {
  input: {
    types: string[];
    tags: string[][];
    predicted: SpanTriple[][];
    goldTypes: string[][];
    predictedTypes: string[][];
    goldEntities: GoldEntity[][];
    predictedEntities: PredictedEntity[][];
    grounding: GroundingItem[];
    rocScores: number[];
    rocPositive: boolean[];
    confidences: number[];
    right: boolean[];
  };
  output: Record<string, unknown> & { strictSpans: SpanTriple[][]; lenientSpans: SpanTriple[][] };
}

const fixture: FixtureCase[] = JSON.parse(
  readFileSync(new URL("../../test/fixtures/metrics.json", import.meta.url), "utf8"),
);
const toSpans = (spans: readonly SpanTriple[]): TypedSpan[] =>
  spans.map(([start, end, type]) => ({ start, end, type }));

describe.each(fixture.map((entry, index) => ({ index, ...entry })))(
  "the Python fixture, case $index",
  ({ input, output }) => {
    const strict = input.tags.map((tags) => spansFromTags(tags, "strict"));
    const lenient = input.tags.map((tags) => spansFromTags(tags, "lenient"));
    const predicted = input.predicted.map(toSpans);

    it("reads the same spans from tags", () => {
      expect(strict).toEqual(output.strictSpans.map(toSpans));
      expect(lenient).toEqual(output.lenientSpans.map(toSpans));
    });

    it("scores names the same", () => {
      expect(scoreSpans(strict, predicted, input.types)).toEqual(output.strict);
      expect(scoreSpans(lenient, predicted, input.types)).toEqual(output.lenient);
      expect(scoreExistence(input.goldTypes, input.predictedTypes)).toEqual(output.existence);
      expect(confusionTable(lenient, predicted, input.types)).toEqual(output.confusion);
    });

    it("scores boxes the same", () => {
      expect(scoreGrounding(input.grounding)).toEqual(output.grounding);
      expect(areaUnderRoc(input.rocScores, input.rocPositive)).toEqual(output.auc);
      expect(scoreGmner(input.goldEntities, input.predictedEntities)).toEqual(output.gmner);
      expect(scoreEeg(input.goldEntities, input.predictedEntities)).toEqual(output.eeg);
    });

    it("scores confidence the same", () => {
      expect(expectedCalibrationError(input.confidences, input.right)).toBe(output.calibration);
      expect(expectedCalibrationError(input.confidences, input.right, 15)).toBe(output.calibration15);
    });
  },
);

describe("facts by hand", () => {
  it("ignores I- without B- strictly and opens a span leniently", () => {
    const tags = ["I-PER", "I-PER", "O", "B-LOC", "I-PER", "B-PER", "B-PER"];
    expect(spansFromTags(tags, "strict").map((span) => span.start)).toEqual([3, 5, 6]);
    expect(spansFromTags(tags, "lenient")).toEqual([
      { start: 0, end: 2, type: "PER" },
      { start: 3, end: 4, type: "LOC" },
      { start: 4, end: 5, type: "PER" },
      { start: 5, end: 6, type: "PER" },
      { start: 6, end: 7, type: "PER" },
    ]);
  });

  it("halves overlap of boxes shifted by a third, and knows empty boxes", () => {
    expect(intersectionOverUnion([0, 0, 3, 1], [1, 0, 4, 1])).toBe(0.5);
    expect(intersectionOverUnion([0, 0, 0, 0], [0, 0, 0, 0])).toBe(0);
    expect(intersectionOverUnion([5, 5, 1, 1], [0, 0, 9, 9])).toBe(0);
  });

  it("takes a box on something that cannot be seen as wrong, and no box as right", () => {
    expect(isGroundedRight(null, [])).toBe(true);
    expect(isGroundedRight([0, 0, 1, 1], [])).toBe(false);
    expect(isGroundedRight(null, [[0, 0, 1, 1]])).toBe(false);
    expect(
      isGroundedRight(
        [0, 0, 1, 1],
        [
          [9, 9, 10, 10],
          [0, 0, 1, 1.5],
        ],
      ),
    ).toBe(true);
  });

  it("gives one half for a ranking without information", () => {
    expect(areaUnderRoc([0.3, 0.3, 0.3], [true, false, true])).toBe(0.5);
    expect(areaUnderRoc([0.1, 0.9], [false, true])).toBe(1);
    expect(areaUnderRoc([0.1], [true])).toBeNull();
  });

  it("refuses lists that do not pair up", () => {
    expect(() => scoreSpans([[]], [], ["PER"])).toThrow(RangeError);
    expect(() => confusionTable([[]], [], ["PER"])).toThrow(RangeError);
  });
});
