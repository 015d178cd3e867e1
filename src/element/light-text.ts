// The text of a tag from its light DOM, as a reader saw it before the script ran: white space as HTML shows it, slotted
// extras and invisible elements left out.

const invisible = new Set(["script", "style", "template", "noscript"]);

function collect(parent: Node, isHost: boolean, pieces: string[]): void {
  for (const child of parent.childNodes) {
    if (child.nodeType === 3) pieces.push((child.nodeValue ?? "").replace(/[ \t\n\r\f]+/g, " "));
    else if (child.nodeType === 1) {
      const element = child as Element;
      if (element.localName === "br") pieces.push("\n");
      else if (!invisible.has(element.localName) && !(isHost && element.slot)) collect(element, false, pieces);
    }
  }
}

/** Collapses white space as HTML does; `<br>` becomes a line break. */
export function lightText(host: Element): string {
  const pieces: string[] = [];
  collect(host, true, pieces);
  return pieces
    .join("")
    .replace(/ +/g, " ")
    .replace(/ ?\n ?/g, "\n")
    .trim();
}
