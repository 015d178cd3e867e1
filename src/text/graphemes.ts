// Where two neighbouring characters are one to the reader: an accent and its letter, the parts of an emoji. The rules of
// Unicode's text segmentation as far as words can disagree with them, rather than Intl.Segmenter: browsers copy the whole
// text for every character it finds, which takes minutes on a long one, and training has to cut the same words.

/** Continues whatever stands before it: marks, joiners, skin tones, tags. */
const continues = /^(?:[\p{M}\p{Grapheme_Extend}\p{Emoji_Modifier}\u0e33\u0eb3]|\u200d)/u;

/** Continues a joiner before it, whatever was before that. */
const pictograph = /^\p{Extended_Pictographic}/u;

/** Continues a joiner after a letter or its virama, as in Sinhala and Devanagari. */
const letter = /^\p{L}/u;
const joinedLetter = /[\p{L}\p{M}]\u200d$/u;

/** Signs that belong to what follows, such as the Arabic number sign. */
const prefix =
  /[\u0600-\u0605\u06dd\u070f\u0890\u0891\u08e2\u0d4e\u{110bd}\u{110cd}\u{111c2}\u{111c3}\u{113d1}\u{1193f}\u{11941}\u{11a3a}\u{11a84}-\u{11a89}\u{11d46}\u{11f02}]$/u;

/** Below this nothing joins its neighbour. */
const FIRST_JOINING = 0x300;
/** A joiner, a code point before it and one after: all that the rules look at. */
const LOOK = 4;

/** Whether a cut at `offset` would split what a reader sees as one character. Neither side may be a space. */
export function splitsGrapheme(text: string, offset: number): boolean {
  const unitBefore = text.charCodeAt(offset - 1);
  if (unitBefore < FIRST_JOINING && text.charCodeAt(offset) < FIRST_JOINING) return false;
  const after = text.slice(offset, offset + LOOK);
  if (continues.test(after)) return true;
  const before = text.slice(Math.max(0, offset - LOOK), offset);
  if (unitBefore === 0x200d) return pictograph.test(after) || (letter.test(after) && joinedLetter.test(before));
  return prefix.test(before);
}

/** Whether the character at `offset` sits on the space before it, as an accent without a letter does. */
export function sitsOnSpace(text: string, offset: number): boolean {
  return (
    text.charCodeAt(offset) >= FIRST_JOINING &&
    isSpaceAt(text, offset - 1) &&
    continues.test(text.slice(offset, offset + LOOK))
  );
}

/** Whether the character before `offset` takes the space after it to itself. */
export function reachesOverSpace(text: string, offset: number): boolean {
  return (
    text.charCodeAt(offset - 1) >= FIRST_JOINING &&
    isSpaceAt(text, offset) &&
    prefix.test(text.slice(Math.max(0, offset - LOOK), offset))
  );
}

function isSpaceAt(text: string, offset: number): boolean {
  return /^\p{Zs}/u.test(text.charAt(offset));
}
