// The edges of what a reader sees as one character, so that no span cuts an emoji, a flag or an accent in two.

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
  if ("Segmenter" in Intl) {
    const segments = new Intl.Segmenter("und", { granularity: "grapheme" }).segment(text);
    for (const { index } of segments) edges[index] = 1;
  } else {
    // Engines without it at least keep surrogate pairs whole.
    for (let at = 0; at < text.length; at += text.codePointAt(at)! > 0xffff ? 2 : 1) edges[at] = 1;
  }
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
