// BERT's normaliser and word splitter with a memory: every character it keeps knows which part of the original it came from.
// It stands in front of the library's tokeniser, whose own accent stripping is narrower than BERT's and which keeps no offsets.
import { decompose, isIdeograph, isNonSpacingMark, isPunctuation, isRemoved, isSpace } from "./unicode.js";

/** What a vocabulary expects of its text; the names are ours, the meanings those of BERT's normaliser. */
export interface NormaliserOptions {
  readonly splitIdeographs: boolean;
  readonly stripAccents: boolean;
  readonly lowerCase: boolean;
}

/** A stretch without spaces and punctuation (or one punctuation mark, or one ideograph), as the vocabulary wants to see it. */
export interface BasicToken {
  readonly text: string;
  /** For each code point of `text`, where its source begins and ends in the original, in UTF-16 units. Both never fall. */
  readonly starts: readonly number[];
  readonly ends: readonly number[];
}

const ASCII_END = 0x80;
const anyMark = /\p{M}/u;

/** What one ASCII code unit means, so that plain text needs no table. */
type AsciiClass = "removed" | "space" | "punctuation" | "plain";
const asciiClasses: readonly AsciiClass[] = Array.from({ length: ASCII_END }, (_, unit): AsciiClass => {
  if (isSpace(unit)) return "space";
  if (isRemoved(unit)) return "removed";
  return isPunctuation(unit) ? "punctuation" : "plain";
});
const asciiCharacters = Array.from({ length: ASCII_END }, (_, unit) => String.fromCharCode(unit));
const asciiLower = asciiCharacters.map((character) => character.toLowerCase());

/** The characters of a token while it grows, before accents go. */
class OpenToken {
  characters: string[] = [];
  starts: number[] = [];
  ends: number[] = [];
  /** Whether a spacing mark is among them: it stays, and may have to change places with another mark. */
  spacingMarks = false;

  add(character: string, start: number, end: number): void {
    this.characters.push(character);
    this.starts.push(start);
    this.ends.push(end);
  }
}

/** Splits `text.slice(from, to)` into the tokens that WordPiece cuts further. Offsets are into `text`. */
export function basicTokens(text: string, from: number, to: number, options: NormaliserOptions): BasicToken[] {
  const tokens: BasicToken[] = [];
  let open = new OpenToken();

  const close = (): void => {
    if (open.characters.length === 0) return;
    const token = finish(open, options);
    if (token !== null) tokens.push(token);
    open = new OpenToken();
  };

  const addAlone = (character: string, start: number, end: number): void => {
    close();
    open.add(character, start, end);
    close();
  };

  for (let index = from; index < to; ) {
    const start = index;
    const unit = text.charCodeAt(index);
    if (unit < ASCII_END) {
      index++;
      const kind = asciiClasses[unit]!;
      if (kind === "space") close();
      else if (kind === "punctuation") addAlone(asciiCharacters[unit]!, start, index);
      else if (kind === "plain") open.add(asciiCharacters[unit]!, start, index);
      continue;
    }
    const codePoint = text.codePointAt(index)!;
    index += codePoint > 0xffff ? 2 : 1;
    if (isRemoved(codePoint)) continue;
    if (isSpace(codePoint)) {
      close();
      continue;
    }
    const alone = options.splitIdeographs && isIdeograph(codePoint);
    if (alone) close();
    const character = String.fromCodePoint(codePoint);
    for (const part of options.stripAccents ? decompose(character) : character) {
      const partPoint = part.codePointAt(0)!;
      if (isPunctuation(partPoint)) {
        addAlone(part, start, index);
        continue;
      }
      if (anyMark.test(part) && !isNonSpacingMark(partPoint)) open.spacingMarks = true;
      open.add(part, start, index);
    }
    if (alone) close();
  }
  close();
  return tokens;
}

/** Strips the accents and lowers the case of a finished token; nothing is left of one that was all accents. */
function finish(open: OpenToken, options: NormaliserOptions): BasicToken | null {
  const { starts, ends } = open;
  let characters: readonly string[] = open.characters;
  if (!options.stripAccents && !options.lowerCase) return { text: characters.join(""), starts, ends };
  if (options.stripAccents && open.spacingMarks) characters = inCanonicalOrder(characters);
  let text = "";
  const keptStarts: number[] = [];
  const keptEnds: number[] = [];
  for (let index = 0; index < characters.length; index++) {
    const character = characters[index]!;
    const codePoint = character.codePointAt(0)!;
    if (codePoint < ASCII_END) {
      text += options.lowerCase ? asciiLower[codePoint]! : character;
      keptStarts.push(starts[index]!);
      keptEnds.push(ends[index]!);
      continue;
    }
    if (options.stripAccents && isNonSpacingMark(codePoint)) continue;
    // Character by character, as BERT does it: a final sigma stays an ordinary one.
    for (const part of options.lowerCase ? character.toLowerCase() : character) {
      text += part;
      keptStarts.push(starts[index]!);
      keptEnds.push(ends[index]!);
    }
  }
  return text === "" ? null : { text, starts: keptStarts, ends: keptEnds };
}

/** No script piles up more than ten; putting marks in order takes a time that grows with the square of their number. */
const MOST_ORDERED_MARKS = 100;

function longestRunOfMarks(characters: readonly string[]): number {
  let longest = 0;
  let run = 0;
  for (const character of characters) {
    run = anyMark.test(character) ? run + 1 : 0;
    longest = Math.max(longest, run);
  }
  return longest;
}

/**
 * Marks of decomposed characters may have to change places, which no single character can know. Offsets stay where they
 * are, as in the reference: the marks of one base are one grapheme anyway, and offsets must never fall.
 */
function inCanonicalOrder(characters: readonly string[]): readonly string[] {
  if (longestRunOfMarks(characters) > MOST_ORDERED_MARKS) return characters;
  const ordered = [...characters.join("").normalize("NFD")];
  // Only an order was asked for: a longer answer took something apart that `decompose` had left whole on purpose.
  return ordered.length === characters.length ? ordered : characters;
}
