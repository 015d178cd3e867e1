// Cuts a text into runs at the edges of its spans, and gives overlapping spans lanes of their own. Pure: the runs joined
// are always the text, whatever the spans are.

/** The edges of what a reader sees as one character, so that no span cuts an emoji, a flag or an accent in two. */
export interface GraphemeEdges {
  /** The edge at or before the offset (a UTF-16 index). */
  before(offset: number): number;
  /** The edge at or after the offset. */
  after(offset: number): number;
}

/** Below this nothing joins its neighbour, but a line feed the carriage return before it. */
const firstJoining = 0x300;

/** Edges in one pass over the whole text: asking `containing()` for each offset copies the text each time. */
function findEdges(text: string): Uint8Array {
  const edges = new Uint8Array(text.length + 1);
  edges[text.length] = 1;
  for (const { index } of new Intl.Segmenter("und", { granularity: "grapheme" }).segment(text)) edges[index] = 1;
  return edges;
}

export function graphemeEdges(text: string): GraphemeEdges {
  let edges: Uint8Array | undefined;

  const isEdge = (offset: number): boolean => {
    if (offset <= 0 || offset >= text.length) return true;
    const before = text.charCodeAt(offset - 1);
    const after = text.charCodeAt(offset);
    // Plain text costs two comparisons and no pass.
    if (before < firstJoining && after < firstJoining) return !(before === 0x0d && after === 0x0a);
    edges ??= findEdges(text);
    return edges[offset] === 1;
  };
  const move = (offset: number, step: 1 | -1): number => {
    let at = offset;
    while (!isEdge(at)) at += step;
    return at;
  };

  return { before: (offset) => move(offset, -1), after: (offset) => move(offset, 1) };
}

export interface SpanInput {
  readonly start: number;
  readonly end: number;
}

/** A span that can be drawn. `index` points into the spans given. */
export interface PlacedSpan {
  readonly index: number;
  readonly start: number;
  readonly end: number;
  /** 0 is the outermost of a group of overlapping spans; drawn furthest from the letters. */
  readonly lane: number;
  /** How many lanes the group has that this span belongs to. */
  readonly lanes: number;
}

/** A piece of the text over which the set of spans does not change. */
export interface Run {
  readonly start: number;
  readonly end: number;
  readonly text: string;
  /** Spans that cover the run, outermost lane first. */
  readonly spans: readonly PlacedSpan[];
  /** Those of them that begin with this run, outermost lane first. */
  readonly begins: readonly PlacedSpan[];
}

export interface Segmentation {
  readonly runs: readonly Run[];
  readonly spans: readonly PlacedSpan[];
  /** The most lanes any group needs; 0 without spans. */
  readonly lanes: number;
}

interface WideSpan {
  index: number;
  start: number;
  end: number;
  lane: number;
  lanes: number;
}

/** Lowest free lane, outer spans first: the number of lanes is the greatest depth of overlap, never more. */
function assignLanes(spans: WideSpan[]): number {
  let most = 0;
  let group: WideSpan[] = [];
  let groupEnd = 0;
  let laneEnds: number[] = [];
  const close = (): void => {
    for (const span of group) span.lanes = laneEnds.length;
    most = Math.max(most, laneEnds.length);
    group = [];
    laneEnds = [];
  };
  for (const span of spans) {
    if (span.start >= groupEnd) close();
    const free = laneEnds.findIndex((end) => end <= span.start);
    span.lane = free < 0 ? laneEnds.length : free;
    laneEnds[span.lane] = span.end;
    group.push(span);
    groupEnd = Math.max(groupEnd, span.end);
  }
  close();
  return most;
}

export function segmentText(text: string, inputs: readonly SpanInput[]): Segmentation {
  const edges = graphemeEdges(text);
  const spans: WideSpan[] = [];
  inputs.forEach(({ start, end }, index) => {
    // What is no stretch of the text is left out: results were checked before, and say so there.
    if (!Number.isInteger(start) || !Number.isInteger(end) || start < 0 || start >= end || end > text.length) return;
    spans.push({ index, start: edges.before(start), end: edges.after(end), lane: 0, lanes: 1 });
  });
  spans.sort((a, b) => a.start - b.start || b.end - a.end || a.index - b.index);
  const lanes = assignLanes(spans);

  const cuts = [...new Set([0, text.length, ...spans.flatMap((span) => [span.start, span.end])])].sort((a, b) => a - b);
  const runs: Run[] = [];
  let open: WideSpan[] = [];
  let next = 0;
  for (let cut = 0; cut + 1 < cuts.length; cut++) {
    const start = cuts[cut]!;
    const end = cuts[cut + 1]!;
    open = open.filter((span) => span.end > start);
    const begins: WideSpan[] = [];
    while (next < spans.length && spans[next]!.start === start) begins.push(spans[next++]!);
    open = [...open, ...begins].sort((a, b) => a.lane - b.lane);
    runs.push({
      start,
      end,
      text: text.slice(start, end),
      spans: open,
      begins: begins.sort((a, b) => a.lane - b.lane),
    });
  }
  return { runs, spans, lanes };
}
