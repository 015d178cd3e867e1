// Spans from BIO tags, in the two readings the field uses: Twitter2015 has I- tags with no B- before them, and published
// figures differ by which reading they take.

/** A typed span in any unit (tokens in evaluation), `end` exclusive. */
export interface TypedSpan {
  readonly start: number;
  readonly end: number;
  readonly type: string;
}

/** `strict`: only B- opens a span. `lenient` (seqeval's default): I- opens one too, after O or after another type. */
export type SpanMode = "strict" | "lenient";

export function spansFromTags(tags: readonly string[], mode: SpanMode): TypedSpan[] {
  const spans: TypedSpan[] = [];
  let start = -1;
  let type = "";
  for (const [index, tag] of tags.entries()) {
    const prefix = tag.slice(0, 2);
    const tagType = tag.slice(2);
    if (prefix === "I-" && start >= 0 && tagType === type) continue;
    if (start >= 0) {
      spans.push({ start, end: index, type });
      start = -1;
    }
    if (prefix === "B-" || (prefix === "I-" && mode === "lenient")) {
      start = index;
      type = tagType;
    }
  }
  if (start >= 0) spans.push({ start, end: tags.length, type });
  return spans;
}
