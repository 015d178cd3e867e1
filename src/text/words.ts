// Cuts a text into words, the unit of spans: what one would call a word in a tweet, each link one word, and everything
// else (punctuation, emoji) a word of its own. Words are cut from the original text, so spans are exact by construction.
import { reachesOverSpace, sitsOnSpace, splitsGrapheme } from "./graphemes.js";

/** UTF-16 offsets into the original text: `text.slice(start, end)`. */
export interface TextRange {
  readonly start: number;
  readonly end: number;
}

const linkPattern = /(?:https?:\/\/|www\.)\P{White_Space}+/giu;

/**
 * Letters, digits, marks and underscores, with an optional @ or # before and `.`, `'`, `’`, `&`, `-` inside; a flag; or any
 * other character. A word does not begin with a mark: one without a letter before it (a variation selector after an emoji)
 * belongs to what it follows, not to the letters after it.
 */
const wordPattern =
  /[@#]?[\p{L}\p{N}_][\p{L}\p{N}\p{M}_]*(?:[.'’&-][\p{L}\p{N}\p{M}_]+)*|\p{Regional_Indicator}{2}|\P{White_Space}/gu;

/** Also in capitals: `NASA'S`. */
const possessive = /.['’]s$/iu;

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

/** Makes one word of neighbours that share a grapheme, so that no span can ever split one. */
function wholeGraphemes(words: readonly TextRange[], text: string): TextRange[] {
  const whole: TextRange[] = [];
  for (const word of words) {
    const start = sitsOnSpace(text, word.start) ? word.start - 1 : word.start;
    const end = reachesOverSpace(text, word.end) ? word.end + 1 : word.end;
    const last = whole[whole.length - 1];
    const shared = last !== undefined && (start < last.end || (start === last.end && splitsGrapheme(text, start)));
    if (shared) whole[whole.length - 1] = { start: last.start, end };
    else whole.push({ start, end });
  }
  return whole;
}
