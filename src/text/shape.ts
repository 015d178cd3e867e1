// How a word is written. The vocabulary is uncased, and a name is often told by nothing but its capital: the shape gives
// the network back what lower-casing takes.

/** 0 no cased letter, 1 lower, 2 Capital, 3 ALL UPPER, 4 miXed. */
export type Shape = 0 | 1 | 2 | 3 | 4;

/** The shape of queries, special tokens, links and words without cased letters. */
export const UNCASED: Shape = 0;

type LetterCase = "upper" | "lower" | "none";

function caseOf(character: string): LetterCase {
  if (character.toLowerCase() !== character) return "upper";
  return character.toUpperCase() !== character ? "lower" : "none";
}

/** Reads the shape of a stretch of original text. */
export function shapeOf(word: string): Shape {
  let upper = 0;
  let lower = 0;
  let firstIsUpper = false;
  for (const character of word) {
    const letterCase = caseOf(character);
    if (letterCase === "none") continue;
    if (letterCase === "upper") {
      if (upper + lower === 0) firstIsUpper = true;
      upper++;
    } else lower++;
  }
  if (upper + lower === 0) return UNCASED;
  if (upper === 0) return 1;
  if (upper === 1 && firstIsUpper) return 2;
  return lower === 0 ? 3 : 4;
}
