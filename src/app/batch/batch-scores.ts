// Scores of a batch against its gold labels: the same scorer as the command line's `evaluate`, and a confusion table.
import { createTweetScorer, joinTokens, spanToTokens, type TweetScores } from "../../corpus/index.js";
import { confusionTable, spansFromTags, type TypedSpan } from "../../metrics/index.js";
import type { BatchRow } from "./batch-row.js";

export interface BatchScores extends TweetScores {
  /** Rows: gold type; columns: found type; the last of each: no such name. */
  readonly confusion: readonly (readonly number[])[];
}

/** What the file says and what was found, in tokens. */
function spansOf({ record, result }: BatchRow): { readonly gold: TypedSpan[]; readonly found: TypedSpan[] } {
  const { tokens = [], tags = [] } = record.tweet ?? {};
  const { offsets } = joinTokens(tokens);
  const found = (result?.entities ?? []).flatMap(({ start, end, type }): TypedSpan[] => {
    const range = spanToTokens(tokens, offsets, start, end);
    return range ? [{ start: range.first, end: range.last + 1, type }] : [];
  });
  return { gold: spansFromTags(tags, "strict"), found };
}

function key({ start, end, type }: TypedSpan): string {
  return `${start} ${end} ${type}`;
}

/** How many names of the row are wrong: missed, or found where there is none. */
export function mistakes(row: BatchRow): number {
  const { gold, found } = spansOf(row);
  const wanted = new Set(gold.map(key));
  const given = new Set(found.map(key));
  return [...wanted].filter((span) => !given.has(span)).length + [...given].filter((span) => !wanted.has(span)).length;
}

/** Over the rows that were read or failed: a tweet that could not be read misses all its names. */
export function scoreRows(rows: readonly BatchRow[]): BatchScores | null {
  const answered = rows.filter(
    ({ status, record }) => (status === "done" || status === "failed") && record.tweet?.tags,
  );
  if (answered.length === 0) return null;
  const scorer = createTweetScorer();
  for (const { record, result } of answered) {
    scorer.add({ tokens: record.tweet!.tokens!, tags: record.tweet!.tags! }, result);
  }
  const scores = scorer.scores();
  const scored = (spans: readonly TypedSpan[]) => spans.filter(({ type }) => scores.types.includes(type));
  const spans = answered.map(spansOf);
  const confusion = confusionTable(
    spans.map(({ gold }) => scored(gold)),
    spans.map(({ found }) => scored(found)),
    scores.types,
  );
  return { ...scores, confusion };
}
