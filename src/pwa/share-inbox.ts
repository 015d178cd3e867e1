// What other apps share into this one: kept on the device between the POST that brings it and the page that shows it.
// Handed over through a cache, because the page has no other way to receive a file that was posted to its own address.

const INBOX = "mner-qg-inbox/1";
const BASE = "https://inbox.mner-qg.invalid/";
const MOST_PHOTOS = 100;
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
    const form = await request.formData();
    const id = crypto.randomUUID();
    await keep(id, form);
    address.searchParams.set("shared", id);
  } catch {
    // No room, or no form: the page opens all the same and says so.
    address.searchParams.set("shared", "failed");
  }
  return Response.redirect(address.href, 303);
}

async function keep(id: string, form: FormData): Promise<void> {
  const word = (name: string): string => {
    const value = form.get(name);
    return typeof value === "string" ? value.trim() : "";
  };
  const photos = form.getAll("photo").filter((value): value is File => value instanceof File && value.size > 0);
  const kept = photos.slice(0, MOST_PHOTOS);
  const cache = await caches.open(INBOX);
  for (const [index, photo] of kept.entries()) await cache.put(`${BASE}${id}/${index}`, new Response(photo));
  const note: SharedNote = {
    // Apps put the tweet into the text, some only its title; an address alone is better than nothing.
    text: word("text") || word("title") || word("url"),
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
  await dropOld(cache);
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

async function dropOld(cache: Cache): Promise<void> {
  for (const { url } of await cache.keys()) {
    const id = url.slice(BASE.length);
    if (id.includes("/")) continue;
    const note = (await (await cache.match(url))?.json()) as SharedNote | undefined;
    if (note && Date.now() - note.at > DAY_MS) await drop(cache, id, note);
  }
}

async function drop(cache: Cache, id: string, note: SharedNote): Promise<void> {
  await cache.delete(BASE + id);
  for (const index of note.photos.keys()) await cache.delete(`${BASE}${id}/${index}`);
}
