// WordPiece by the model inside the library's BertTokenizer, with ids and lengths remembered per word: tweets say the same words again and
// again, and the library looks each up anew. Nothing else in the project imports the library.
import { TokenizerModel } from "@xenova/transformers/src/tokenizers.js";
import { MnerError } from "../core/mner-error.js";
import type { NormaliserOptions } from "./normaliser.js";
import { basicTokens } from "./normaliser.js";
import type { TokenizerFiles } from "./tokenizer-files.js";
import { describeTokenizer } from "./tokenizer-files.js";

/** The pieces of one basic token. */
export interface WordPieces {
  readonly ids: readonly number[];
  /** Code points of the token that each piece stands for; they add up to the token's. */
  readonly lengths: readonly number[];
}

/** Pieces that stand for no text, and the one that stands for a link. */
export interface SpecialIds {
  readonly padding: number;
  readonly unknown: number;
  readonly classification: number;
  readonly separator: number;
  readonly link: number;
}

export interface Tokenizer {
  readonly vocabularySize: number;
  readonly special: SpecialIds;
  readonly normaliser: NormaliserOptions;
  /** The pieces of a basic token; an unknown one is a single piece. */
  piecesOf(token: string): WordPieces;
  /** The ids of a query, without special pieces. Remembered: queries seldom change. */
  queryIds(query: string): Int32Array;
}

/** A folded link counts as this word. */
const LINK_WORD = "http";
/** Enough for every word of a long page; then the memory starts over, so that it never grows without end. */
const REMEMBERED_WORDS = 20_000;
const REMEMBERED_QUERIES = 500;

/** Builds a tokeniser from the contents of a model folder's files. Needs no network. */
export function createTokenizer(files: TokenizerFiles): Tokenizer {
  const { wordPiece, normaliser, continuation } = describeTokenizer(files);
  const model = TokenizerModel.fromConfig(wordPiece);
  const idOf = (token: string): number => {
    const id = model.tokens_to_ids.get(token);
    if (id !== undefined) return id;
    throw new MnerError("model-mismatch", `The model's vocabulary lacks ${token}. Use a model with BERT's vocabulary.`);
  };
  const unknown = idOf(model.unk_token);
  const special: SpecialIds = {
    padding: idOf("[PAD]"),
    unknown,
    classification: idOf("[CLS]"),
    separator: idOf("[SEP]"),
    link: model.tokens_to_ids.get(LINK_WORD) ?? unknown,
  };

  const cut = (token: string): WordPieces => {
    const pieces = model.encode([token]);
    const ids = model.convert_tokens_to_ids(pieces);
    if (ids[0] === unknown) return { ids, lengths: [countCodePoints(token)] };
    return {
      ids,
      lengths: pieces.map((piece, index) => countCodePoints(piece) - (index > 0 ? continuation.length : 0)),
    };
  };

  const words = new Map<string, WordPieces>();
  const piecesOf = (token: string): WordPieces => remembered(words, token, REMEMBERED_WORDS, cut);

  const queries = new Map<string, Int32Array>();
  const queryIds = (query: string): Int32Array =>
    remembered(queries, query, REMEMBERED_QUERIES, () => {
      const ids = basicTokens(query, 0, query.length, normaliser).flatMap((token) => piecesOf(token.text).ids);
      if (ids.length > 0) return Int32Array.from(ids);
      throw new MnerError(
        "query-invalid",
        "A query has no words. Write what to look for, for example “a sports team”.",
      );
    });

  return { vocabularySize: model.tokens_to_ids.size, special, normaliser, piecesOf, queryIds };
}

function remembered<Value>(
  memory: Map<string, Value>,
  key: string,
  limit: number,
  make: (key: string) => Value,
): Value {
  const known = memory.get(key);
  if (known !== undefined) return known;
  const value = make(key);
  if (memory.size >= limit) memory.clear();
  memory.set(key, value);
  return value;
}

function countCodePoints(text: string): number {
  let count = 0;
  for (const _ of text) count++;
  return count;
}
