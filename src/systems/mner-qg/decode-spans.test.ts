import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { arbitraryText } from "../../../test/support/arbitrary-text.js";
import { modelTokenizer } from "../../../test/support/test-tokenizer.js";
import type { Query } from "../../core/results.js";
import { type PreparedText, prepareText } from "../../text/prepare.js";
import { buildSequences, type Sequences } from "../../text/sequences.js";
import { type DecodeOptions, decodeSpans, type Span } from "./decode-spans.js";

const tokenizer = modelTokenizer();
const queries: readonly Query[] = ["PER", "LOC", "ORG"].map((label) => ({ label, query: `a ${label}` }));
const options: DecodeOptions = { maxSpanWords: 4 };

interface Answer {
  readonly query: number;
  /** Words in which a span starts and ends, as they are written; the network's logits for them. */
  readonly start: string;
  readonly end: string;
  readonly startLogit?: number;
  readonly endLogit?: number;
}

interface Asked {
  readonly prepared: PreparedText;
  readonly sequences: Sequences;
  readonly logits: { start: Float32Array; end: Float32Array; existence: Float32Array };
}

/** Logits as a network would give them that has exactly these answers in mind, at every place the words occur. */
function answered(text: string, answers: readonly Answer[], existence: readonly number[] = [3, 3, 3]): Asked {
  const prepared = prepareText(tokenizer, text);
  const sequences = buildSequences(tokenizer, prepared, queries, { maxPieces: 24 });
  const { windows, queryCount, length, rows, sentenceColumns } = sequences;
  const logits = {
    start: new Float32Array(rows * length).fill(-5),
    end: new Float32Array(rows * length).fill(-5),
    existence: Float32Array.from({ length: rows }, (_, row) => existence[row % queryCount]!),
  };
  const { pieces, words } = prepared;
  for (const answer of answers) {
    windows.forEach(({ firstPiece, endPiece }, window) => {
      for (let piece = firstPiece; piece < endPiece; piece++) {
        const { start, end } = words[pieces[piece]!.word]!;
        const word = text.slice(start, end);
        const at = (window * queryCount + answer.query) * length + sentenceColumns[answer.query]! + piece - firstPiece;
        const first = pieces[piece - 1]?.word !== pieces[piece]!.word;
        const last = pieces[piece + 1]?.word !== pieces[piece]!.word;
        if (first && word === answer.start) logits.start[at] = answer.startLogit ?? 3;
        if (last && word === answer.end) logits.end[at] = answer.endLogit ?? 3;
      }
    });
  }
  return { prepared, sequences, logits };
}

function decode({ prepared, sequences, logits }: Asked, more: Partial<DecodeOptions> = {}): Span[] {
  return decodeSpans(prepared, sequences, queries, logits, { ...options, ...more }).spans;
}

const brief = (spans: readonly Span[]): string[] => spans.map(({ type, text }) => `${type} ${text}`);

describe("decodeSpans", () => {
  it("cuts names out of the original text", () => {
    const text = "So proud of Amélie  Durand-O'Neil's team, Lyon!";
    const [person, place] = decode(
      answered(text, [
        { query: 0, start: "Amélie", end: "Durand-O'Neil" },
        { query: 1, start: "Lyon", end: "Lyon" },
      ]),
    );
    expect(person).toMatchObject({ text: "Amélie  Durand-O'Neil", type: "PER", start: 12, end: 33, queryIndex: 0 });
    expect(person!.score).toBeCloseTo(1 / (1 + Math.exp(-3)), 6);
    expect(place).toMatchObject({ text: "Lyon", type: "LOC", queryIndex: 1 });
  });

  it("takes the nearest end at or after the start", () => {
    const asked = answered("Ann Bob Cay Dan Eve", [
      { query: 0, start: "Bob", end: "Ann" },
      { query: 0, start: "Bob", end: "Cay" },
      { query: 0, start: "Bob", end: "Dan" },
    ]);
    expect(brief(decode(asked))).toEqual(["PER Bob Cay"]);
  });

  it("counts the words of a span, those without pieces too", () => {
    const asked = (text: string): Asked => answered(text, [{ query: 0, start: "Ann", end: "Eve" }]);
    expect(brief(decode(asked("Ann x y Eve")))).toEqual(["PER Ann x y Eve"]);
    expect(decode(asked("Ann x y z Eve"))).toEqual([]);
    expect(decode(asked("Ann x \u200e y Eve"))).toEqual([]);
    expect(brief(decode(asked("Ann x y z Eve"), { maxSpanWords: 5 }))).toEqual(["PER Ann x y z Eve"]);
  });

  it("needs a likely start and a likely end, both as likely as asked", () => {
    const asked = answered("Ann", [{ query: 0, start: "Ann", end: "Ann", startLogit: 0, endLogit: -0.1 }]);
    expect(decode(asked)).toEqual([]);
    expect(brief(decode(asked, { endThreshold: 0.47 }))).toEqual(["PER Ann"]);
    expect(decode(asked, { endThreshold: 0.47, startThreshold: 0.51 })).toEqual([]);
  });

  it("calibrates the mean of start, end and existence, and leaves out what scores too low", () => {
    const asked = answered("Ann", [{ query: 0, start: "Ann", end: "Ann", startLogit: 1, endLogit: 3 }], [-1, 0, 0]);
    const calibration = { a: 2, b: -0.5 };
    const expected = 1 / (1 + Math.exp(-1.5));
    expect(decode(asked, { calibration })[0]!.score).toBeCloseTo(expected, 6);
    expect(decode(asked, { calibration, minScore: expected + 0.001 })).toEqual([]);
    const { existence } = decodeSpans(asked.prepared, asked.sequences, queries, asked.logits, options);
    expect(existence[0]).toBeCloseTo(1 / (1 + Math.exp(1)), 6);
  });

  it("settles overlaps by the best sum, or keeps them when asked", () => {
    const asked = answered("Bank of Lyon Ltd", [
      { query: 2, start: "Bank", end: "Ltd" },
      { query: 1, start: "Lyon", end: "Lyon", startLogit: 1, endLogit: 1 },
    ]);
    expect(brief(decode(asked))).toEqual(["ORG Bank of Lyon Ltd"]);
    expect(brief(decode(asked, { nested: true }))).toEqual(["ORG Bank of Lyon Ltd", "LOC Lyon"]);
  });

  it("gives one answer for two starts with the same end", () => {
    const asked = answered("New York City", [
      { query: 1, start: "New", end: "City", startLogit: 1 },
      { query: 1, start: "York", end: "City", startLogit: 4 },
    ]);
    expect(brief(decode(asked, { nested: true }))).toEqual(["LOC York City"]);
  });

  it("takes in a word that a piece reaches into", () => {
    const asked = answered("co\u00adoperation now", [{ query: 2, start: "co", end: "co" }]);
    expect(brief(decode(asked))).toEqual(["ORG co\u00adoperation"]);
  });

  it("finds a name wherever it stands in a long text, once", () => {
    for (let before = 0; before < 60; before++) {
      const text = `${"word ".repeat(before)}Ann Bob${" more".repeat(60 - before)}`;
      expect(brief(decode(answered(text, [{ query: 0, start: "Ann", end: "Bob" }])))).toEqual(["PER Ann Bob"]);
    }
  });

  it("finds nothing where the network said nothing that is a number", () => {
    const asked = answered("Ann Bob", []);
    asked.logits.start.fill(Number.NaN);
    asked.logits.end.fill(Number.NaN);
    expect(decode(asked)).toEqual([]);
  });

  it("cuts exactly, never through a grapheme, never overlapping unless nested, for any text and logits", () => {
    const segmenter = new Intl.Segmenter(undefined, { granularity: "grapheme" });
    const noise = fc.array(fc.double({ min: -3, max: 5, noNaN: true }), { minLength: 1, maxLength: 50 });
    fc.assert(
      fc.property(arbitraryText, noise, fc.boolean(), (given, values, nested) => {
        const text = `${given} Anna`;
        const asked = answered(text, []);
        for (const part of [asked.logits.start, asked.logits.end, asked.logits.existence]) {
          part.forEach((_, index) => {
            part[index] = values[(index * 7 + part.length) % values.length]!;
          });
        }
        const spans = decode(asked, { nested, maxSpanWords: 6 });
        const boundaries = new Set([text.length]);
        for (const { index } of segmenter.segment(text)) boundaries.add(index);
        const overlaps = spans.some((one, index) =>
          spans.some((other, at) => at > index && (!nested || one.type === other.type) && other.start < one.end),
        );
        return (
          !overlaps &&
          spans.every(
            (span) =>
              span.text === text.slice(span.start, span.end) &&
              boundaries.has(span.start) &&
              boundaries.has(span.end) &&
              span.score >= 0 &&
              span.score <= 1,
          )
        );
      }),
      { numRuns: 1500 },
    );
  });
});
