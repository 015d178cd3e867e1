// Joins the tokens of a CoNLL tweet into raw text, and maps spans of that text back to tokens. The rule is the one of
// training/data/detokenise.py, word for word; test/fixtures/detokenise.json holds both to the same answers. It stands here
// because the product reads raw text while corpora come already split ("@ USA", "It ' s", "@name _ :").
//
// The rule: one space between tokens, but none
//   1. before a token made of  . , ! ? ; : …  only, and before  % ) ] } ” _ (the underscore only inside a handle or tag);
//   2. after  ( [ { “ ‘ $ ;
//   3. after a lone # or @ that a word follows;
//   4. around a lone apostrophe that carries a clitic ("It ' s"), between O ' and a capital, before a clitic token ("'s");
//   5. after a double or single quote that opens, before one that closes (a quote opens when a partner follows it);
//   6. after an underscore inside a handle or tag, when a word follows ("@OU _ Football");
//   7. between two numbers and the : or / or - between them, and before st nd rd th after a number;
//   8. before what only modifies the sign before it: marks, variation selectors, skin tones, joiners (also after), flag halves;
//   9. within a link that was cut into  https : //host . rest .
// A link keeps a space on both sides, whatever stands next to it.

/** Where a token stands in the joined text: UTF-16 indices, `end` exclusive. */
export interface TokenOffset {
  readonly start: number;
  readonly end: number;
}

export interface JoinedTokens {
  readonly text: string;
  readonly offsets: readonly TokenOffset[];
}

const clitics = new Set(["s", "t", "m", "d", "re", "ve", "ll", "all"]);
const cliticTokens = new Set(["n't", "n’t", ...[...clitics].flatMap((tail) => [`'${tail}`, `’${tail}`])]);
const closing = /^(?:[.,!?;:…]+|[%)\]}”])$/u;
const opening = new Set(["(", "[", "{", "“", "‘", "$"]);
const ordinals = new Set(["st", "nd", "rd", "th"]);
const betweenNumbers = new Set([":", "/", "-"]);
const link = /^(?:https?:\/\/|www\.)./isu;
const startsWithWord = /^[\p{L}\p{N}_]/u;
const endsWithWord = /[\p{L}\p{N}_]$/u;
const startsWithNumber = /^[0-9]/u;
const endsWithNumber = /[0-9]$/u;
const flagLetter = /^[\u{1F1E6}-\u{1F1FF}]$/u;
const joiner = "\u200D";
const modifiesPrevious = /^(?:\p{M}|\u200D|[\u{1F3FB}-\u{1F3FF}])/u;

type QuoteRole = "open" | "close";

function isApostrophe(token: string | undefined): boolean {
  return token === "'" || token === "’";
}

/** A lone apostrophe inside one word: it carries a clitic, or stands in a name such as O'Hare. */
function apostropheJoins(tokens: readonly string[], index: number): boolean {
  const before = tokens[index - 1];
  const after = tokens[index + 1];
  if (!isApostrophe(tokens[index]) || before === undefined || after === undefined) return false;
  if (clitics.has(after.toLowerCase())) return endsWithWord.test(before);
  const first = String.fromCodePoint(after.codePointAt(0) ?? 0);
  return (before === "O" || before === "o") && first.toLowerCase() !== first;
}

/** Says of every straight quote whether it opens or closes; one without a partner closes after a word, else opens. */
function quoteRoles(tokens: readonly string[]): Map<number, QuoteRole> {
  const roles = new Map<number, QuoteRole>();
  for (const mark of ["'", '"']) {
    const places = [...tokens.keys()].filter((index) => tokens[index] === mark && !apostropheJoins(tokens, index));
    let open = false;
    for (const [order, place] of places.entries()) {
      if (open) {
        roles.set(place, "close");
        open = false;
      } else if (order + 1 < places.length) {
        roles.set(place, "open");
        open = true;
      } else {
        roles.set(place, place > 0 && endsWithWord.test(tokens[place - 1]!) ? "close" : "open");
      }
    }
  }
  return roles;
}

/** The //host or the rest in  https : //host . rest ; what stands between is glued as closing punctuation. */
function continuesLink(tokens: readonly string[], index: number): boolean {
  if (index < 2) return false;
  if (tokens[index]!.startsWith("//")) {
    return tokens[index - 1] === ":" && /^https?$/i.test(tokens[index - 2]!);
  }
  return tokens[index - 1] === "." && index >= 4 && continuesLink(tokens, index - 2);
}

/** What the tokens already joined leave open for the next one. */
interface JoinState {
  readonly quotes: ReadonlyMap<number, QuoteRole>;
  /** The token before belongs to a handle or tag, so an underscore goes on with it. */
  inHandle: boolean;
  /** The token before is the first letter of a flag. */
  flagOpen: boolean;
}

/** Whether no space stands before the token. The order of the questions is part of the rule. */
function isGlued(tokens: readonly string[], index: number, state: JoinState): boolean {
  const token = tokens[index]!;
  const before = tokens[index - 1]!;
  const after = tokens[index + 1] ?? "";
  if (link.test(before) || link.test(token)) return false;
  if (closing.test(token) || opening.has(before)) return true;
  if ((before === "#" || before === "@") && startsWithWord.test(token)) return true;
  if (apostropheJoins(tokens, index) || apostropheJoins(tokens, index - 1)) return true;
  if (cliticTokens.has(token.toLowerCase())) return endsWithWord.test(before);
  if (state.quotes.get(index) === "close" || state.quotes.get(index - 1) === "open") return true;
  if (token === "’") return endsWithWord.test(before);
  if (token === "_") return state.inHandle;
  if (before === "_" && state.inHandle && startsWithWord.test(token)) return true;
  if (continuesLink(tokens, index)) return true;
  if (ordinals.has(token)) return endsWithNumber.test(before);
  if (betweenNumbers.has(token)) return endsWithNumber.test(before) && startsWithNumber.test(after);
  if (betweenNumbers.has(before) && index >= 2 && startsWithNumber.test(token)) {
    return endsWithNumber.test(tokens[index - 2]!);
  }
  if (modifiesPrevious.test(token) || before.endsWith(joiner)) return true;
  return flagLetter.test(token) && state.flagOpen;
}

/** The raw text, and where each token stands in it. */
export function joinTokens(tokens: readonly string[]): JoinedTokens {
  const state: JoinState = { quotes: quoteRoles(tokens), inHandle: false, flagOpen: false };
  const offsets: TokenOffset[] = [];
  let text = "";
  for (const [index, token] of tokens.entries()) {
    const glued = index > 0 && isGlued(tokens, index, state);
    state.flagOpen = flagLetter.test(token) && !(glued && state.flagOpen);
    const startsHandle = /^[#@]/.test(token);
    state.inHandle = startsHandle || (state.inHandle && glued && startsWithWord.test(token));
    if (index > 0 && !glued) text += " ";
    offsets.push({ start: text.length, end: text.length + token.length });
    text += token;
  }
  return { text, offsets };
}

/** First and last token, both included. */
export interface TokenRange {
  readonly first: number;
  readonly last: number;
}

/**
 * The tokens that a span of the joined text overlaps, or `null`. The corpora leave the sign out of "# NBA" and the clitic
 * out of "LeBron ' ll", while the product takes whole words: signs at the front and clitics at the back are therefore not
 * counted when other tokens remain. ('s stays: it is a word of its own, so whoever predicts it means it.)
 */
export function spanToTokens(
  tokens: readonly string[],
  offsets: readonly TokenOffset[],
  start: number,
  end: number,
): TokenRange | null {
  let first = -1;
  let last = -1;
  for (const [index, offset] of offsets.entries()) {
    if (Math.max(offset.start, start) >= Math.min(offset.end, end)) continue;
    if (first < 0) first = index;
    last = index;
  }
  if (first < 0) return null;
  while (first < last && (tokens[first] === "#" || tokens[first] === "@")) first++;
  while (last > first) {
    const token = tokens[last]!.toLowerCase();
    if (last - 1 > first && token !== "s" && clitics.has(token) && apostropheJoins(tokens, last - 1)) last -= 2;
    else if (cliticTokens.has(token) && !token.endsWith("s")) last -= 1;
    else break;
  }
  return { first, last };
}

/** Where the tokens `first` to `last` (both included) stand in the joined text. */
export function tokensToSpan(offsets: readonly TokenOffset[], range: TokenRange): TokenOffset {
  const from = offsets[range.first];
  const to = offsets[range.last];
  if (from === undefined || to === undefined) {
    throw new RangeError(`Tokens ${range.first} to ${range.last} are not among the ${offsets.length} joined ones.`);
  }
  return { start: from.start, end: to.end };
}
