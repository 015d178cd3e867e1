import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Piece } from "./prepare.js";
import { believedWindows, cutWindows } from "./windows.js";

/** Pieces of words with so many pieces each. */
const piecesOf = (sizes: readonly number[]): Piece[] =>
  sizes.flatMap((size, word) =>
    Array.from({ length: size }, (): Piece => ({ id: 0, start: word, end: word + 1, shape: 0, word })),
  );

const sizes = fc.array(
  fc.oneof({ weight: 9, arbitrary: fc.integer({ min: 1, max: 4 }) }, fc.integer({ min: 1, max: 40 })),
  {
    minLength: 1,
    maxLength: 80,
  },
);
const capacity = fc.integer({ min: 1, max: 30 });

describe("cutWindows", () => {
  it("leaves a text that fits in one window", () => {
    expect(cutWindows(piecesOf([2, 3, 5]), 10, 3)).toEqual([{ firstPiece: 0, endPiece: 10 }]);
  });

  it("cuts between words and overlaps", () => {
    expect(cutWindows(piecesOf([2, 3, 3, 1, 3, 2, 2]), 8, 2)).toEqual([
      { firstPiece: 0, endPiece: 8 },
      { firstPiece: 5, endPiece: 12 },
      { firstPiece: 9, endPiece: 16 },
    ]);
  });

  it("overlaps less when a long word follows, so that it stays whole", () => {
    expect(cutWindows(piecesOf([1, 1, 1, 1, 1, 1, 7, 1]), 8, 3)).toEqual([
      { firstPiece: 0, endPiece: 6 },
      { firstPiece: 5, endPiece: 13 },
      { firstPiece: 6, endPiece: 14 },
    ]);
  });

  it("covers everything, never beyond its capacity, going forward, with every word that fits whole in some window", () => {
    fc.assert(
      fc.property(sizes, capacity, fc.double({ min: 0, max: 0.6, noNaN: true }), (words, most, share) => {
        const pieces = piecesOf(words);
        const windows = cutWindows(pieces, most, Math.floor(most * share));
        let reached = 0;
        let first = -1;
        for (const { firstPiece, endPiece } of windows) {
          if (firstPiece > reached || firstPiece <= first || endPiece <= reached || endPiece - firstPiece > most)
            return false;
          reached = endPiece;
          first = firstPiece;
        }
        let begin = 0;
        return (
          reached === pieces.length &&
          words.every((size) => {
            const end = begin + size;
            const whole = windows.some(({ firstPiece, endPiece }) => firstPiece <= begin && end <= endPiece);
            begin = end;
            return whole || size > most;
          })
        );
      }),
      { numRuns: 2000 },
    );
  });
});

describe("believedWindows", () => {
  it("takes the window in which a word stands farther from a cut", () => {
    const pieces = piecesOf([1, 1, 1, 1, 2, 1, 1, 1, 1]);
    const windows = [
      { firstPiece: 0, endPiece: 8 },
      { firstPiece: 3, endPiece: 10 },
    ];
    expect([...believedWindows(pieces, windows)]).toEqual([0, 0, 0, 0, 0, 0, 1, 1, 1, 1]);
  });

  it("does not believe a window that holds only part of a word", () => {
    const pieces = piecesOf([4, 6, 4]);
    const windows = [
      { firstPiece: 0, endPiece: 9 },
      { firstPiece: 4, endPiece: 14 },
    ];
    expect([...believedWindows(pieces, windows)]).toEqual([0, 0, 0, 0, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1]);
  });

  it("believes for every piece a window that holds it, and one window for a whole word", () => {
    fc.assert(
      fc.property(sizes, capacity, (words, most) => {
        const pieces = piecesOf(words);
        const windows = cutWindows(pieces, most, Math.floor(most / 4));
        const believed = believedWindows(pieces, windows);
        return pieces.every(({ word }, index) => {
          const { firstPiece, endPiece } = windows[believed[index]!]!;
          const first = pieces.findIndex((piece) => piece.word === word);
          const same = words[word]! > most || believed[index] === believed[first];
          return firstPiece <= index && index < endPiece && same;
        });
      }),
      { numRuns: 1000 },
    );
  });
});
