// Where a reader sees one character end and the next begin. No span may cut an emoji or a letter from its accent.

let segmenter: Intl.Segmenter | null | undefined;

/** Null in a browser that has none: spans then end at code points, as they would have without this file. */
function graphemeSegmenter(): Intl.Segmenter | null {
  if (segmenter === undefined) {
    segmenter =
      typeof Intl.Segmenter === "function" ? new Intl.Segmenter(undefined, { granularity: "grapheme" }) : null;
  }
  return segmenter;
}

/** Below this nothing joins its neighbour, but a line feed the carriage return before it. */
const FIRST_JOINING = 0x300;

/** Answers for one text where the grapheme around an offset begins and ends. */
export interface GraphemeFinder {
  /** The offset itself when it lies between graphemes, else the beginning of the one it would split. */
  startAt(offset: number): number;
  /** The offset itself when it lies between graphemes, else the end of the one it would split. */
  endAt(offset: number): number;
}

/** Looks only where something joining stands beside the offset: plain text costs two comparisons. */
export function graphemeFinder(text: string): GraphemeFinder {
  let segments: Intl.Segments | undefined;

  const around = (offset: number): { start: number; end: number } => {
    const between = { start: offset, end: offset };
    if (offset <= 0 || offset >= text.length) return between;
    const before = text.charCodeAt(offset - 1);
    const after = text.charCodeAt(offset);
    if (before < FIRST_JOINING && after < FIRST_JOINING && !(before === 0x0d && after === 0x0a)) return between;
    segments ??= graphemeSegmenter()?.segment(text);
    const found = segments?.containing(offset);
    if (found === undefined || found.index === offset) return between;
    return { start: found.index, end: found.index + found.segment.length };
  };

  return { startAt: (offset) => around(offset).start, endAt: (offset) => around(offset).end };
}
