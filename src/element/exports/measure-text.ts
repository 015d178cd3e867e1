// Lets the browser break the text into lines and say where each span lies on them: with its own line breaking, shaping and
// writing directions, none of which could be redone by hand.
import type { Rect } from "../place-labels.js";
import type { SpanInput } from "../segment-text.js";

export interface MeasuredText {
  readonly direction: "ltr" | "rtl";
  readonly height: number;
  readonly lines: readonly { readonly text: string; readonly baseline: number }[];
  /** By span: its pieces, one or more a line. */
  readonly spans: readonly (readonly Rect[])[];
}

export interface TextStyle {
  readonly width: number;
  readonly size: number;
  readonly lineHeight: number;
  readonly font: string;
}

/** Offsets at which a new line begins, found by where each character is drawn. */
function lineStarts(node: Text, range: Range): number[] {
  const starts = [0];
  let bottom = Number.NEGATIVE_INFINITY;
  const text = node.data;
  for (let at = 0; at < text.length; at += text.codePointAt(at)! > 0xffff ? 2 : 1) {
    range.setStart(node, at);
    range.setEnd(node, Math.min(text.length, at + (text.codePointAt(at)! > 0xffff ? 2 : 1)));
    const rects = range.getClientRects();
    const rect = rects[rects.length - 1];
    if (!rect || rect.width === 0) continue;
    if (rect.top > bottom - rect.height / 2) {
      if (bottom > Number.NEGATIVE_INFINITY) starts.push(at);
      bottom = rect.bottom;
    }
  }
  return starts;
}

export function measureText(text: string, spans: readonly SpanInput[], style: TextStyle): MeasuredText {
  const host = document.createElement("div");
  const block = document.createElement("p");
  const node = document.createTextNode(text);
  const styles: Record<string, string> = {
    all: "initial",
    display: "block",
    position: "absolute",
    visibility: "hidden",
    "inset-block-start": "0",
    "inset-inline-start": "0",
    "inline-size": `${style.width}px`,
    font: `${style.size}px/${style.lineHeight}px ${style.font}`,
    "white-space": "pre-wrap",
    "overflow-wrap": "anywhere",
  };
  for (const [name, value] of Object.entries(styles)) block.style.setProperty(name, value);
  block.dir = "auto";
  block.append(node);
  // A shadow root keeps the page's own styles away.
  host.attachShadow({ mode: "open" }).append(block);
  document.body.append(host);
  try {
    const origin = block.getBoundingClientRect();
    const range = document.createRange();
    const starts = lineStarts(node, range);
    const lines = starts.map((start, index) => {
      const line = text.slice(start, starts[index + 1] ?? text.length);
      range.setStart(node, start);
      range.setEnd(node, Math.min(text.length, start + 1));
      const rect = range.getBoundingClientRect();
      const middle = rect.height > 0 ? rect.top + rect.height / 2 - origin.top : (index + 0.5) * style.lineHeight;
      return { text: line.trimEnd().replace(/[\n\r]/g, ""), baseline: middle + style.size * 0.34 };
    });
    const pieces = spans.map(({ start, end }) => {
      range.setStart(node, start);
      range.setEnd(node, end);
      return [...range.getClientRects()]
        .filter((rect) => rect.width > 0)
        .map(({ left, top, width, height }) => ({ x: left - origin.left, y: top - origin.top, width, height }));
    });
    const direction = block.matches(":dir(rtl)") ? "rtl" : "ltr";
    return { direction, height: origin.height, lines, spans: pieces };
  } finally {
    host.remove();
  }
}
