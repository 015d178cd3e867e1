// Tweets in files: JSON lines, CSV and CoNLL in, records out; tokens into raw text and back. Shared by the command line and
// the demo's batch view, and so are the scores of answers against gold; knows no model and opens no photo.
export { normaliseTag } from "./conll.js";
export {
  type JoinedTokens,
  joinTokens,
  spanToTokens,
  type TokenOffset,
  type TokenRange,
  tokensToSpan,
} from "./detokenise.js";
export { PHOTO_ENDINGS, photoNames } from "./photo-names.js";
export { formatOf, readCorpus } from "./read-corpus.js";
export type { CorpusFormat, CorpusRecord, Tweet } from "./record.js";
export {
  ALL_TYPES,
  createTweetScorer,
  type GoldPhoto,
  type GoldTweet,
  type TweetAnswer,
  type TweetScorer,
  type TweetScores,
  tokenSpans,
} from "./tweet-scores.js";
export {
  ANSWER_FORMATS,
  ANSWER_WRITERS,
  type AnsweredRecord,
  type AnswerFormat,
  type AnswerWriter,
} from "./write-answers.js";
