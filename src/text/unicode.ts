// Asks which class a code point is in, from the frozen tables. Code points, not characters, because tokenising walks them.
import { ideographs, marks, punctuation, removed, spaces } from "./unicode-tables.js";

/** Whether a code point is in a set. */
export type CodePointTest = (codePoint: number) => boolean;

/** Reads a table into range boundaries: even positions open a range, odd ones close it. */
function readTable(table: string): Uint32Array {
  const boundaries = new Uint32Array(table.split(" ").map((number) => Number.parseInt(number, 36)));
  for (let index = 1; index < boundaries.length; index++) boundaries[index]! += boundaries[index - 1]!;
  return boundaries;
}

function testOf(table: string): CodePointTest {
  const boundaries = readTable(table);
  const first = boundaries[0]!;
  return (codePoint) => {
    if (codePoint < first) return false;
    let low = 0;
    let high = boundaries.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (boundaries[middle]! <= codePoint) low = middle + 1;
      else high = middle;
    }
    // An odd count of boundaries passed means that a range is open.
    return (low & 1) === 1;
  };
}

const inRemovedTable = testOf(removed);

/** Dropped before anything else: controls, format characters, private use, NUL, U+FFFD. A lone surrogate reads as U+FFFD. */
export const isRemoved: CodePointTest = (codePoint) =>
  (codePoint >= 0xd800 && codePoint <= 0xdfff) || inRemovedTable(codePoint);

/** Ends a token and is no part of any. */
export const isSpace = testOf(spaces);

/** A non-spacing mark: an accent, a vowel sign, a variation selector. */
export const isNonSpacingMark = testOf(marks);

/** A Chinese character in BERT's sense (no kana, no Hangul): a token by itself. */
export const isIdeograph = testOf(ideographs);

/** Punctuation in BERT's sense (with `$`, `+`, `<` and the like): a token by itself. */
export const isPunctuation = testOf(punctuation);

/** Decompositions younger than the tables: a browser that knows them must not take these apart. */
const youngDecompositions =
  /[\u{105c9}\u{105e4}\u{11383}\u{11385}\u{1138e}\u{11391}\u{113c5}\u{113c7}\u{113c8}\u{11938}\u{16d68}-\u{16d6a}]/u;

/** The canonical decomposition of one character. */
export function decompose(character: string): string {
  return youngDecompositions.test(character) ? character : character.normalize("NFD");
}
