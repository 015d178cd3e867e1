// The text room: raw tweet in, rows of numbers for the network out; logits in, names with exact offsets out. It knows
// strings and numbers, never tensors.
//
//   const tokenizer = createTokenizer({ "vocab.txt": "…", "tokenizer_config.json": "…" });   // contents, not paths
//   const prepared = prepareText(tokenizer, text);                        // words and pieces, or MnerError("text-empty")
//   const sequences = buildSequences(tokenizer, prepared, queries, { maxPieces: config.maxPieces });
//   // run the network on each window's `queryCount` rows: ids, segments, shapes are Int32Array, rows × length
//   const { spans, existence } = decodeSpans(prepared, sequences, queries, logits, { maxSpanWords: config.maxSpanWords });
//
// Row `window * queryCount + query`; the sentence's first piece stands in column `sentenceColumns[query]`; a window's
// pieces are `prepared.pieces[firstPiece … endPiece)`; every offset is a UTF-16 index into the text as it was given.
export type { DecodedText, DecodeOptions, Span } from "./decode-spans.js";
export { decodeSpans } from "./decode-spans.js";
export type { QueryLogits, RowLogits } from "./predictions.js";
export { mergeWindows } from "./predictions.js";
export type { Piece, PreparedText } from "./prepare.js";
export { prepareText } from "./prepare.js";
export type { SequenceLimits, Sequences, TextQuery } from "./sequences.js";
export { buildSequences } from "./sequences.js";
export type { Shape } from "./shape.js";
export type { SpecialIds, Tokenizer, WordPieces } from "./tokenizer.js";
export { createTokenizer } from "./tokenizer.js";
export type { TokenizerFiles } from "./tokenizer-files.js";
export type { Window } from "./windows.js";
export type { TextRange } from "./words.js";
