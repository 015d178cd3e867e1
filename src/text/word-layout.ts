// Which pieces a word is read as, and the stretch of text a span of words covers.
import type { PreparedText } from "./prepare.js";

/** What of a text decoding needs, per word that has pieces. */
export interface WordLayout {
  /** Index of the word among all words: span lengths count those without pieces too. */
  readonly word: number;
  readonly firstPiece: number;
  readonly lastPiece: number;
  readonly start: number;
  readonly end: number;
}

/**
 * A piece can reach beyond the word it begins in (a soft hyphen inside a word), and its span then takes in the words it
 * reaches into. Words are whole graphemes, hence spans are.
 */
export function layOutWords({ words, pieces }: PreparedText): WordLayout[] {
  const layout: WordLayout[] = [];
  let reached = 0;
  for (let first = 0; first < pieces.length; ) {
    const { word } = pieces[first]!;
    let next = first + 1;
    while (next < pieces.length && pieces[next]!.word === word) next++;
    const lastCharacter = pieces[next - 1]!.end - 1;
    reached = Math.max(reached, word);
    while (reached + 1 < words.length && words[reached + 1]!.start <= lastCharacter) reached++;
    const end = Math.max(words[word]!.end, words[reached]!.end);
    layout.push({
      word,
      firstPiece: first,
      lastPiece: next - 1,
      start: words[word]!.start,
      end,
    });
    first = next;
  }
  return layout;
}
