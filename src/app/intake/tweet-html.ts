// Text of a copied tweet. Browsers copy a tweet's emoji as pictures, which the plain text of the clipboard loses, and the
// "embed" code of a tweet is markup altogether. Parsed as an inert document: nothing in it runs or loads.
import { parseInert } from "./trusted-markup.js";

/** Sites write the tweet's own text into one of these. */
const textPlaces = [
  '[data-testid="tweetText"]',
  "blockquote.twitter-tweet > p",
  "blockquote.bluesky-embed > p",
  ".status__content",
];
const blocks = new Set([
  "p",
  "div",
  "li",
  "ul",
  "ol",
  "blockquote",
  "section",
  "article",
  "header",
  "footer",
  "tr",
  "pre",
]);
const silent = new Set(["script", "style", "template", "noscript", "head", "title"]);
/** Pictures of emoji have the emoji as their text, joined ones and keycaps included. */
const isEmoji =
  /^(?:\p{Emoji_Presentation}|\p{Extended_Pictographic}|\p{Regional_Indicator}|\p{Emoji_Modifier}|\uFE0F|\u200D|[\d#*]\uFE0F?\u20E3)+$/u;
/** Stands for the photo, which the photo itself does better. */
const photoLink = /\s*\bpic\.(?:twitter|x)\.com\/\w+/g;

function collect(node: Node, keepsLines: boolean, pieces: string[]): void {
  for (const child of node.childNodes) {
    if (child.nodeType === Node.TEXT_NODE) {
      const text = child.nodeValue ?? "";
      pieces.push(keepsLines ? text : text.replace(/\s+/g, " "));
    } else if (child instanceof Element && !silent.has(child.localName)) {
      if (child.localName === "br") pieces.push("\n");
      else if (child.localName === "img") pieces.push(emojiOf(child));
      else {
        const isBlock = blocks.has(child.localName);
        if (isBlock) pieces.push("\n");
        collect(child, keepsLines, pieces);
        if (isBlock) pieces.push("\n");
      }
    }
  }
}

function emojiOf(image: Element): string {
  const alt = image.getAttribute("alt") ?? "";
  return isEmoji.test(alt) ? alt : "";
}

/** Whether the clipboard's markup says more than its plain text. */
export function looksLikeTweet(html: string): boolean {
  return /twitter-tweet|bluesky-embed|data-testid="tweetText"|<img[^>]+(?:twimg\.com\/emoji|class="[^"]*emoji)/i.test(
    html,
  );
}

/** Whether the copied tweet had a photo that the clipboard only mentions. */
export function leavesPhoto(html: string, plain: string): boolean {
  if (/twimg\.com\/(?:media|ext_tw_video_thumb)\//i.test(html)) return true;
  return (looksLikeTweet(html) || looksLikeTweet(plain)) && /\bpic\.(?:twitter|x)\.com\/\w/.test(html + plain);
}

/** The text of the tweet in this markup; empty when there is none. */
export function tweetText(html: string): string {
  const document = parseInert(html);
  const place = textPlaces.map((selector) => document.querySelector(selector)).find((found) => found !== null);
  const pieces: string[] = [];
  collect(place ?? document.body, place?.matches(textPlaces[0]!) ?? false, pieces);
  return pieces
    .join("")
    .replace(photoLink, "")
    .replace(/[ \t\u00A0]+/g, " ")
    .replace(/ ?\n[ \n]*/g, "\n")
    .trim();
}
