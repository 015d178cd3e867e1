// The text and the photo of a tag from its light DOM, as a reader saw them before the script ran: white space as HTML shows
// it, slotted extras and invisible elements left out, an <img> or <figure> taken for the photo.

const invisible = new Set(["script", "style", "template", "noscript", "figure", "picture", "img"]);

export interface LightPhoto {
  readonly src: string;
  readonly alt: string | null;
  readonly caption: string;
  readonly crossOrigin: "anonymous" | "use-credentials" | null;
}

export interface LightContent {
  readonly text: string;
  readonly photo: LightPhoto | null;
}

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
function textOf(element: Element): string {
  const pieces: string[] = [];
  collect(element, true, pieces);
  return pieces
    .join("")
    .replace(/ +/g, " ")
    .replace(/ ?\n ?/g, "\n")
    .trim();
}

function photoOf(host: Element): LightPhoto | null {
  const own = [...host.children].filter(({ slot }) => !slot);
  const image = own
    .flatMap((child) => (child.localName === "img" ? [child] : [...child.querySelectorAll("img")]))
    // A picture of an emoji is part of the words.
    .find((one) => one.getAttribute("src") && !/^\p{Extended_Pictographic}/u.test(one.getAttribute("alt") ?? "")) as
    | HTMLImageElement
    | undefined;
  if (!image) return null;
  const caption = image.closest("figure")?.querySelector("figcaption");
  // Of several files for one photo, the one that the browser chose.
  const src = image.currentSrc || image.getAttribute("src")!;
  const { crossOrigin } = image;
  return {
    src,
    alt: image.getAttribute("alt"),
    caption: caption ? textOf(caption) : "",
    crossOrigin: crossOrigin === "anonymous" || crossOrigin === "use-credentials" ? crossOrigin : null,
  };
}

export function readLight(host: Element): LightContent {
  return { text: textOf(host), photo: photoOf(host) };
}
