// Tweets as CoNLL: an optional line `IMGID:<id>`, then one token per line with its tag last, and an empty line in between.
// The tokens are joined into raw text, since that is what the product reads.
import { joinTokens } from "./detokenise.js";
import type { Line } from "./lines.js";
import { broken, type CorpusRecord, MOST_TEXT_CHARACTERS, sound } from "./record.js";

const IMAGE_LINE = "IMGID:";
const DOCUMENT_LINE = "-DOCSTART-";
/** A block longer than this is no tweet; the rest of it is read past. */
const MOST_TOKENS = 5000;

/** White space as Python's strip() has it, so that both sides drop the same tokens: a BOM is not white, NEL is. */
const white: ReadonlySet<string> = new Set(
  "\t\n\v\f\r\x1c\x1d\x1e\x1f \x85\xa0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a\u2028\u2029\u202f\u205f\u3000",
);

/** From both ends inwards: a pattern would try every run of white space in between as well. */
function strip(text: string): string {
  let start = 0;
  let end = text.length;
  while (start < end && white.has(text[start]!)) start++;
  while (end > start && white.has(text[end - 1]!)) end--;
  return text.slice(start, end);
}

/** What corpora call their types, in the four of the shipped model. */
const TYPES: ReadonlyMap<string, string> = new Map([
  ["PER", "PER"],
  ["PERSON", "PER"],
  ["LOC", "LOC"],
  ["LOCATION", "LOC"],
  ["ORG", "ORG"],
  ["ORGANIZATION", "ORG"],
  ["ORGANISATION", "ORG"],
  ["CORPORATION", "ORG"],
  ["GROUP", "ORG"],
  ["OTHER", "OTHER"],
  ["MISC", "OTHER"],
  ["PRODUCT", "OTHER"],
  ["CREATIVE-WORK", "OTHER"],
]);

/** What our four types call a type of another corpus; `undefined` when none of them covers it. */
export function normaliseType(type: string): string | undefined {
  return TYPES.get(type.toUpperCase());
}

/** `I-location` becomes `I-LOC`, `B-MISC` becomes `B-OTHER`; a type that no query asks for becomes `O`. */
export function normaliseTag(tag: string): string {
  const type = /^[BI]-/.test(tag) ? normaliseType(tag.slice(2)) : undefined;
  return type === undefined ? "O" : `${tag[0]}-${type}`;
}

interface Block {
  line: number;
  id: string | null;
  tokens: string[];
  tags: string[];
  /** Of all tokens together. */
  characters: number;
  problem: string | null;
}

const emptyBlock = (): Block => ({ line: 0, id: null, tokens: [], tags: [], characters: 0, problem: null });

export async function* readConll(lines: AsyncIterable<Line>): AsyncGenerator<CorpusRecord> {
  let block = emptyBlock();
  for await (const line of lines) {
    const isImage = line.problem === null && line.text.startsWith(IMAGE_LINE);
    if (isImage || (line.problem === null && strip(line.text) === "")) {
      yield* toRecords(block);
      block = emptyBlock();
      if (isImage)
        block = { ...emptyBlock(), line: line.number, id: strip(line.text.slice(IMAGE_LINE.length)) || null };
    } else {
      addToken(block, line);
    }
  }
  yield* toRecords(block);
}

function addToken(block: Block, line: Line): void {
  if (line.problem === null && line.text.startsWith(DOCUMENT_LINE)) return;
  if (block.line === 0) block.line = line.number;
  if (block.problem !== null) return;
  if (line.problem !== null) {
    block.problem = `holds line ${line.number}, which ${line.problem}`;
    return;
  }
  // The tag stands last; columns are parted by tabs, or by spaces where there is no tab.
  const columns = line.text.includes("\t") ? line.text.split("\t") : strip(line.text).split(" ");
  const token = strip(columns[0]!);
  const tag = columns.length > 1 ? strip(columns.at(-1)!) : "O";
  // Corpora hold tokens of nothing but white space; no text can keep them.
  if (token === "") return;
  if (tag !== "O" && tag !== "" && !/^[BI]-.+/.test(tag)) {
    block.problem = `holds line ${line.number}, whose tag is none of O, B-… and I-…`;
  } else if (block.tokens.length >= MOST_TOKENS) {
    block.problem = `begins a tweet of more than ${MOST_TOKENS} tokens`;
  } else if (block.characters + token.length > MOST_TEXT_CHARACTERS) {
    block.problem = `begins a tweet of more than ${MOST_TEXT_CHARACTERS} characters`;
  } else {
    block.characters += token.length;
    block.tokens.push(token);
    block.tags.push(normaliseTag(tag));
  }
}

function* toRecords(block: Block): Generator<CorpusRecord> {
  if (block.problem !== null) yield broken(block.line, block.problem);
  else if (block.tokens.length > 0) {
    const { tokens, tags, id } = block;
    yield sound(block.line, { text: joinTokens(tokens).text, image: id, id, tokens, tags });
  }
}
