// Reads what was dropped or pasted. A transfer can only be read while its event runs, so all of it is taken at once and
// looked at afterwards; folders are walked through.
import { type Incoming, sortFiles } from "./incoming.js";
import { leavesPhoto, looksLikeTweet, tweetText } from "./tweet-html.js";

/** More than anyone selects on purpose; a dropped home folder must not hang the page. */
const MOST_FILES = 50_000;

export function readTransfer(transfer: DataTransfer): Promise<Incoming> {
  const html = transfer.getData("text/html");
  const plain = transfer.getData("text/plain");
  const entries = [...transfer.items]
    .filter((item) => item.kind === "file")
    .map((item) => item.webkitGetAsEntry?.() ?? item.getAsFile())
    .filter((entry) => entry !== null);
  return finish(entries, html, plain);
}

async function finish(entries: readonly (FileSystemEntry | File)[], html: string, plain: string): Promise<Incoming> {
  const files: File[] = [];
  for (const entry of entries) await walk(entry, files);
  const sorted = await sortFiles(files);
  if (files.length === 0 && isAddress(plain)) return { ...sorted, notes: [ADDRESS_NOTE] };
  const text = sorted.text ?? transferredText(html, plain, files.length > 0);
  return { ...sorted, text, notes: sorted.photos.length === 0 && leavesPhoto(html, plain) ? [PHOTO_NOTE] : [] };
}

const PHOTO_NOTE =
  "The tweet's photo did not come along: copying a tweet copies only its words. Save the photo, or copy it alone, and drop or paste it here, too.";
const ADDRESS_NOTE =
  "That is an address, not a tweet, and this page asks no other server. Open it, copy the tweet's words, and drop or paste its photo, too.";

/** One address and nothing else. */
export function isAddress(plain: string): boolean {
  return /^https?:\/\/[^\s]+$/.test(plain.trim());
}

/** A dragged photo brings its address as text, and that is not a tweet. */
function transferredText(html: string, plain: string, withFiles: boolean): string | null {
  if (looksLikeTweet(html)) return tweetText(html) || null;
  if (looksLikeTweet(plain)) return tweetText(plain) || null;
  const text = plain.trim();
  if (text === "" || (withFiles && /^\S+$/.test(text))) return null;
  return text;
}

async function walk(entry: FileSystemEntry | File, files: File[]): Promise<void> {
  if (files.length >= MOST_FILES) return;
  if (entry instanceof File) files.push(entry);
  else if (entry.isFile)
    files.push(await new Promise<File>((resolve, reject) => (entry as FileSystemFileEntry).file(resolve, reject)));
  else if (entry.isDirectory) {
    const reader = (entry as FileSystemDirectoryEntry).createReader();
    // A reader hands out a hundred at a time, and an empty list at the end.
    for (;;) {
      const batch = await new Promise<FileSystemEntry[]>((resolve, reject) => reader.readEntries(resolve, reject));
      if (batch.length === 0) return;
      for (const child of batch) await walk(child, files);
    }
  }
}
