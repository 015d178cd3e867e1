// Turns a raw tweet into words and pieces: the words a span can be made of, and the pieces the network reads, each piece
// knowing where it stands in the original text and in which word it begins.
import { MnerError } from "../core/mner-error.js";
import { basicTokens } from "./normaliser.js";
import { type Shape, shapeOf, UNCASED } from "./shape.js";
import type { Tokenizer } from "./tokenizer.js";
import { findLinks, findWords, type TextRange } from "./words.js";

/** One row of the vocabulary, and the stretch of the original text it stands for. */
export interface Piece extends TextRange {
  readonly id: number;
  readonly shape: Shape;
  /** Index of the word that holds the piece's first character. */
  readonly word: number;
}

export interface PreparedText {
  /** The original, untouched. */
  readonly text: string;
  readonly words: readonly TextRange[];
  readonly pieces: readonly Piece[];
}

/** Cuts a text into words and pieces. Fails with `text-empty` when there is nothing that the network could read. */
export function prepareText(tokenizer: Tokenizer, text: string): PreparedText {
  const links = findLinks(text);
  const words = findWords(text, links);
  const pieces: Piece[] = [];
  let word = 0;

  const add = (id: number, start: number, end: number, shape: Shape): void => {
    while (words[word]!.end <= start) word++;
    pieces.push({ id, start, end, shape, word });
  };

  const addStretch = (from: number, to: number): void => {
    for (const token of basicTokens(text, from, to, tokenizer.normaliser)) {
      const { ids, lengths } = tokenizer.piecesOf(token.text);
      const last = token.ends.length - 1;
      const shape = shapeOf(text.slice(token.starts[0], token.ends[last]));
      let at = 0;
      for (let index = 0; index < ids.length; index++) {
        const next = at + lengths[index]!;
        add(ids[index]!, token.starts[at]!, token.ends[next - 1]!, shape);
        at = next;
      }
    }
  };

  let from = 0;
  for (const link of links) {
    addStretch(from, link.start);
    add(tokenizer.special.link, link.start, link.end, UNCASED);
    from = link.end;
  }
  addStretch(from, text.length);

  if (pieces.length === 0) {
    throw new MnerError("text-empty", "There is no text to read. Give a text with at least one visible character.");
  }
  return { text, words, pieces };
}
