// Tweets in files: JSON lines, CSV and CoNLL in, records out; tokens into raw text and back. Shared by the command line and
// the demo's batch view; knows no model and no photo.
export { normaliseTag } from "./conll.js";
export {
  type JoinedTokens,
  joinTokens,
  spanToTokens,
  type TokenOffset,
  type TokenRange,
  tokensToSpan,
} from "./detokenise.js";
export { formatOf, readCorpus } from "./read-corpus.js";
export type { CorpusFormat, CorpusRecord, Tweet } from "./record.js";
