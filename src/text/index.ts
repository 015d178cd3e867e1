// The text room: raw tweet in, rows of numbers for a network out, and the way back from pieces to words with exact offsets.
// It knows strings and numbers, never tensors, and no system.
//
//   const tokenizer = createTokenizer({ "vocab.txt": "…", "tokenizer_config.json": "…" });   // contents, not paths
//   const prepared = prepareText(tokenizer, text);                        // words and pieces, or MnerError("text-empty")
//   const sequences = buildSequences(tokenizer, prepared, queries, { maxPieces: config.maxPieces });
//
// Row `window * queryCount + query`; the sentence's first piece stands in column `sentenceColumns[query]`; a window's
// pieces are `prepared.pieces[firstPiece … endPiece)`; every offset is a UTF-16 index into the text as it was given.
export { type Piece, type PreparedText, prepareText } from "./prepare.js";
export { bestWithoutOverlap } from "./schedule.js";
export { buildSequences, firstWindows, type SequenceLimits, type Sequences } from "./sequences.js";
export type { Shape } from "./shape.js";
export { createTokenizer, type SpecialIds, type Tokenizer, type WordPieces } from "./tokenizer.js";
export type { TokenizerFiles } from "./tokenizer-files.js";
export { believedWindows, type Window } from "./windows.js";
export { layOutWords, type WordLayout } from "./word-layout.js";
export type { TextRange } from "./words.js";
