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
  /^(?:[\p{Emoji_Presentation}\p{Extended_Pictographic}\p{Regional_Indicator}\p{Emoji_Modifier}]|\uFE0F|\u200D|[\d#*]\uFE0F?\u20E3)+$/u;
/** The longest emoji there is has 35 characters. */
const MOST_EMOJI = 100;
/** More than any tweet's markup; the rest of what was copied is not read. */
const MOST_MARKUP = 1_000_000;
/** Stands for the photo, which the photo itself does better. */
const photoLink = /\bpic\.(?:twitter|x)\.com\/\w+/g;

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
  return alt.length <= MOST_EMOJI && isEmoji.test(alt) ? alt : "";
}

const tweetMarks = /twitter-tweet|bluesky-embed|data-testid="tweetText"/i;
const emojiMarks = /twimg\.com\/emoji|class="[^"]*emoji/i;

/** Whether the clipboard's markup says more than its plain text. */
export function looksLikeTweet(html: string): boolean {
  const start = html.slice(0, MOST_MARKUP);
  return tweetMarks.test(start) || hasEmojiPicture(start);
}

/** Goes from one tag to the next: a pattern over all of it would look for the end of each tag anew. */
function hasEmojiPicture(html: string): boolean {
  const image = /<img/gi;
  for (let found = image.exec(html); found !== null; found = image.exec(html)) {
    const end = html.indexOf(">", found.index);
    if (emojiMarks.test(html.slice(found.index, end < 0 ? html.length : end))) return true;
    if (end < 0) return false;
    image.lastIndex = end;
  }
  return false;
}

/** Whether the copied tweet had a photo that the clipboard only mentions. */
export function leavesPhoto(html: string, plain: string): boolean {
  if (/twimg\.com\/(?:media|ext_tw_video_thumb)\//i.test(html)) return true;
  return (looksLikeTweet(html) || looksLikeTweet(plain)) && /\bpic\.(?:twitter|x)\.com\/\w/.test(html + plain);
}

/** The text of the tweet in this markup; empty when there is none. */
export function tweetText(html: string): string {
  const document = parseInert(html.slice(0, MOST_MARKUP));
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
