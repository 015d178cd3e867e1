// Cuts a text into words, the unit of spans: what one would call a word in a tweet, each link one word, and everything
// else (punctuation, emoji) a word of its own. Words are cut from the original text, so spans are exact by construction.
import { graphemeFinder } from "./graphemes.js";

/** UTF-16 offsets into the original text: `text.slice(start, end)`. */
export interface TextRange {
  readonly start: number;
  readonly end: number;
}

const linkPattern = /(?:https?:\/\/|www\.)\P{White_Space}+/giu;

/**
 * Letters, digits, marks and underscores, with an optional @ or # before and `.`, `'`, `’`, `&`, `-` inside. A word does not
 * begin with a mark: a mark without a letter before it (a variation selector after an emoji) belongs to what it follows.
 */
const wordPattern = /[@#]?[\p{L}\p{N}_][\p{L}\p{N}\p{M}_]*(?:[.'’&-][\p{L}\p{N}\p{M}_]+)*|\P{White_Space}\p{M}*/gu;

const possessive = /.['’]s$/u;

/** Every link of a text, in order. */
export function findLinks(text: string): TextRange[] {
  return Array.from(text.matchAll(linkPattern), (match) => ({
    start: match.index,
    end: match.index + match[0].length,
  }));
}

/** Every word of a text, in order, without overlap; every character that is not a space is in one. */
export function findWords(text: string, links: readonly TextRange[] = findLinks(text)): TextRange[] {
  const words: TextRange[] = [];
  let from = 0;
  for (const link of links) {
    addWords(words, text, from, link.start);
    words.push(link);
    from = link.end;
  }
  addWords(words, text, from, text.length);
  return wholeGraphemes(words, text);
}

function addWords(words: TextRange[], text: string, from: number, to: number): void {
  if (from >= to) return;
  const stretch = from === 0 && to === text.length ? text : text.slice(from, to);
  for (const match of stretch.matchAll(wordPattern)) {
    const start = from + match.index;
    const end = start + match[0].length;
    if (possessive.test(match[0])) words.push({ start, end: end - 2 }, { start: end - 2, end });
    else words.push({ start, end });
  }
}

/** Widens words that end inside a grapheme to all of it, and makes one word of those that share a grapheme. */
function wholeGraphemes(words: readonly TextRange[], text: string): TextRange[] {
  const graphemes = graphemeFinder(text);
  const whole: TextRange[] = [];
  for (const word of words) {
    const start = graphemes.startAt(word.start);
    const end = graphemes.endAt(word.end);
    const last = whole[whole.length - 1];
    if (last !== undefined && start < last.end)
      whole[whole.length - 1] = { start: last.start, end: Math.max(last.end, end) };
    else whole.push({ start, end });
  }
  return whole;
}
