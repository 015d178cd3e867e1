// What other apps share into this one: kept on the device between the POST that brings it and the page that shows it.
// Handed over through a cache, because the page has no other way to receive a file that was posted to its own address.
import { MnerError } from "../core/mner-error.js";

const INBOX = "mner-qg-inbox/1";
const BASE = "https://inbox.mner-qg.invalid/";
/** Any page of the web may post a form here, so that one share, and all that nobody came for, have limits. */
const MOST_PHOTOS = 20;
const MOST_TEXT = 100_000;
const MOST_BYTES = 128 * 2 ** 20;
const MOST_WAITING = 4;
/** What nobody came for. */
const DAY_MS = 24 * 3600 * 1000;

export interface SharedNote {
  readonly text: string;
  readonly photos: readonly { readonly name: string; readonly type: string }[];
  readonly at: number;
}

/** Takes the form and answers with the way to the page. */
export async function receiveShare(request: Request, page: string): Promise<Response> {
  const address = new URL(page);
  try {
    const form = await readForm(request);
    const id = crypto.randomUUID();
    await keep(id, form);
    address.searchParams.set("shared", id);
  } catch {
    // No room, or no form: the page opens all the same and says so.
    address.searchParams.set("shared", "failed");
  }
  return Response.redirect(address.href, 303);
}

/** Counts the bytes as they come, and stops reading when there are too many. */
async function readForm(request: Request): Promise<FormData> {
  // Some browsers give no stream here; their forms are counted when they are whole.
  if (!request.body) return request.formData();
  const reader = request.body.getReader();
  const pieces: Uint8Array<ArrayBuffer>[] = [];
  let bytes = 0;
  for (let next = await reader.read(); !next.done; next = await reader.read()) {
    bytes += next.value.length;
    if (bytes > MOST_BYTES) {
      void reader.cancel().catch(() => {});
      throw tooMuch();
    }
    pieces.push(next.value);
  }
  const type = request.headers.get("content-type") ?? "";
  return new Response(new Blob(pieces), { headers: { "Content-Type": type } }).formData();
}

function tooMuch(): MnerError {
  return new MnerError(
    "input-invalid",
    `More than ${MOST_BYTES / 2 ** 20} MB were shared at once. Share fewer photos.`,
  );
}

async function keep(id: string, form: FormData): Promise<void> {
  const word = (name: string): string => {
    const value = form.get(name);
    return typeof value === "string" ? value.trim() : "";
  };
  const photos = form.getAll("photo").filter((value): value is File => value instanceof File && value.size > 0);
  const kept = photos.slice(0, MOST_PHOTOS);
  if (kept.reduce((sum, { size }) => sum + size, 0) > MOST_BYTES) throw tooMuch();
  const cache = await caches.open(INBOX);
  await dropOld(cache, MOST_WAITING - 1);
  try {
    for (const [index, photo] of kept.entries()) await cache.put(`${BASE}${id}/${index}`, new Response(photo));
  } catch (error) {
    // No room for all of them: without a note nobody would ever come for the rest.
    for (const index of kept.keys()) await cache.delete(`${BASE}${id}/${index}`);
    throw error;
  }
  const note: SharedNote = {
    // Apps put the tweet into the text, some only its title; an address alone is better than nothing.
    text: (word("text") || word("title") || word("url")).slice(0, MOST_TEXT),
    photos: kept.map(({ name, type }) => ({ name, type })),
    at: Date.now(),
  };
  await cache.put(BASE + id, Response.json(note));
}

/** Takes what was shared out of the inbox; null when it is not there (any more). */
export async function takeShare(
  id: string,
): Promise<{ readonly text: string; readonly photos: readonly File[] } | null> {
  const cache = await caches.open(INBOX);
  await dropOld(cache, MOST_WAITING);
  const response = await cache.match(BASE + id);
  if (!response) return null;
  const note = (await response.json()) as SharedNote;
  const photos: File[] = [];
  for (const [index, { name, type }] of note.photos.entries()) {
    const held = await cache.match(`${BASE}${id}/${index}`);
    if (held) photos.push(new File([await held.blob()], name, { type }));
  }
  await drop(cache, id, note);
  return { text: note.text, photos };
}

/** Drops what is too old, and the oldest when more than `most` wait. */
async function dropOld(cache: Cache, most: number): Promise<void> {
  const waiting: { readonly id: string; readonly note: SharedNote }[] = [];
  const urls = (await cache.keys()).map(({ url }) => url);
  for (const url of urls) {
    const id = url.slice(BASE.length);
    const note = id.includes("/") ? undefined : ((await (await cache.match(url))?.json()) as SharedNote | undefined);
    if (note) waiting.push({ id, note });
  }
  waiting.sort((one, other) => other.note.at - one.note.at);
  for (const [place, { id, note }] of waiting.entries()) {
    if (place >= most || Date.now() - note.at > DAY_MS) await drop(cache, id, note);
  }
}

async function drop(cache: Cache, id: string, note: SharedNote): Promise<void> {
  await cache.delete(BASE + id);
  for (const index of note.photos.keys()) await cache.delete(`${BASE}${id}/${index}`);
}
