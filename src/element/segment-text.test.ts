import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type SpanInput, segmentText } from "./segment-text.js";

/** Any UTF-16 at all: lone surrogates, joiners, controls, combining marks. */
const anyText = fc.oneof(
  fc.string({ unit: "binary", maxLength: 40 }),
  fc.string({ unit: "grapheme", maxLength: 40 }),
  fc.array(fc.integer({ min: 0, max: 0xffff }), { maxLength: 40 }).map((units) => String.fromCharCode(...units)),
  fc
    .array(
      fc.constantFrom(
        "a",
        " ",
        "\n",
        "\r\n",
        "👩‍🚀",
        "🇩🇪",
        "e\u0301",
        "\ud800",
        "\udc00",
        "\u202e",
        "\u200d",
        "한",
        "ก็",
        "<b>",
      ),
      {
        maxLength: 20,
      },
    )
    .map((pieces) => pieces.join("")),
);

const anyOffset = fc.oneof(
  fc.integer({ min: -3, max: 60 }),
  fc.constantFrom(Number.NaN, Number.POSITIVE_INFINITY, 1.5, -0),
);
const anySpans = fc.array(fc.record({ start: anyOffset, end: anyOffset }), { maxLength: 12 });

function graphemeEdges(text: string): Set<number> {
  const segments = [...new Intl.Segmenter("und", { granularity: "grapheme" }).segment(text)];
  return new Set([...segments.map(({ index }) => index), text.length]);
}

describe("segmentText", () => {
  it("gives the text back, character for character, whatever the spans are", () => {
    fc.assert(
      fc.property(anyText, anySpans, (text, spans) => {
        const { runs } = segmentText(text, spans);
        expect(runs.map((run) => run.text).join("")).toBe(text);
        expect(runs.every((run) => run.text === text.slice(run.start, run.end) && run.text !== "")).toBe(true);
      }),
      { numRuns: 500 },
    );
  });

  it("covers exactly the characters of each usable span, widened to whole graphemes", () => {
    fc.assert(
      fc.property(anyText, anySpans, (text, spans) => {
        const { runs, spans: placed } = segmentText(text, spans);
        const edges = graphemeEdges(text);
        for (const span of placed) {
          const covered = runs.filter((run) => run.spans.includes(span));
          expect(covered.map((run) => run.text).join("")).toBe(text.slice(span.start, span.end));
          expect(runs.filter((run) => run.begins.includes(span))).toEqual([covered[0]]);
          const given = spans[span.index]!;
          expect(span.start <= given.start && span.end >= given.end).toBe(true);
          expect(edges.has(span.start) && edges.has(span.end)).toBe(true);
          // Widened by no more than the grapheme it cut.
          if (edges.has(given.start)) expect(span.start).toBe(given.start);
          if (edges.has(given.end)) expect(span.end).toBe(given.end);
        }
        const usable = spans.flatMap(({ start, end }, index) =>
          Number.isInteger(start) && Number.isInteger(end) && start >= 0 && end <= text.length && start < end
            ? [index]
            : [],
        );
        expect(placed.map(({ index }) => index).sort((a, b) => a - b)).toEqual(usable);
      }),
      { numRuns: 500 },
    );
  });

  it("never splits a grapheme between two runs", () => {
    fc.assert(
      fc.property(anyText, anySpans, (text, spans) => {
        const edges = graphemeEdges(text);
        for (const run of segmentText(text, spans).runs) expect(edges.has(run.start) && edges.has(run.end)).toBe(true);
      }),
    );
  });

  it("uses as many lanes as the deepest overlap and no lane twice at one place", () => {
    fc.assert(
      fc.property(anyText, anySpans, (text, spans) => {
        const { runs, lanes } = segmentText(text, spans);
        for (const run of runs) {
          const used = run.spans.map((span) => span.lane);
          expect(new Set(used).size).toBe(used.length);
          expect(used).toEqual([...used].sort((a, b) => a - b));
        }
        expect(lanes).toBe(Math.max(0, ...runs.map((run) => run.spans.length)));
      }),
    );
  });

  const layout = (text: string, spans: SpanInput[]): string[] =>
    segmentText(text, spans).runs.map((run) => `${run.text}:${run.spans.map((span) => span.index).join("")}`);

  it("nests, with the outer span in the outer lane", () => {
    expect(
      layout("New York Times", [
        { start: 0, end: 8 },
        { start: 0, end: 14 },
      ]),
    ).toEqual(["New York:10", " Times:1"]);
  });
  it("overlaps without nesting", () => {
    expect(
      layout("abcd", [
        { start: 0, end: 3 },
        { start: 1, end: 4 },
      ]),
    ).toEqual(["a:0", "bc:01", "d:1"]);
  });
  it("keeps adjacent spans apart and in the same lane", () => {
    expect(
      layout("abcd", [
        { start: 0, end: 2 },
        { start: 2, end: 4 },
      ]),
    ).toEqual(["ab:0", "cd:1"]);
    expect(
      segmentText("abcd", [
        { start: 0, end: 2 },
        { start: 2, end: 4 },
      ]).lanes,
    ).toBe(1);
  });
  it("lets neighbours inside a longer span share a lane", () => {
    const spans = [
      { start: 0, end: 6 },
      { start: 1, end: 2 },
      { start: 2, end: 3 },
    ];
    expect(segmentText("abcdef", spans).lanes).toBe(2);
  });
  it("draws two spans over the very same characters", () => {
    expect(
      layout("ab", [
        { start: 0, end: 2 },
        { start: 0, end: 2 },
      ]),
    ).toEqual(["ab:01"]);
  });
  it("shares an end", () => {
    expect(
      layout("abcd", [
        { start: 0, end: 4 },
        { start: 2, end: 4 },
      ]),
    ).toEqual(["ab:0", "cd:01"]);
  });
  it("takes a span that begins at 0 for one that begins at 0", () => {
    expect(layout("ab", [{ start: 0, end: 1 }])).toEqual(["a:0", "b:"]);
  });
  it("leaves out what is no stretch of the text", () => {
    const spans = [
      { start: 1, end: 1 },
      { start: 3, end: 2 },
      { start: -1, end: 2 },
      { start: 0, end: 5 },
      { start: Number.NaN, end: 2 },
    ];
    expect(segmentText("abcd", spans).spans).toEqual([]);
  });
  it("has no runs for no text", () => {
    expect(segmentText("", [{ start: 0, end: 0 }]).runs).toEqual([]);
  });
  it("widens a span that cuts a family emoji in two", () => {
    const text = "a👩‍👩‍👧b";
    const { spans } = segmentText(text, [{ start: 3, end: 5 }]);
    expect(spans[0]).toMatchObject({ start: 1, end: 9 });
  });
});
