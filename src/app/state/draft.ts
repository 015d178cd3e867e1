// Carries what a reader is working on over a reload, photo included: into a new version all of it, once; else the photo, which
// the address cannot hold, for as long as the tab is open and the reader does not take it away.
import type { Query } from "../../engine/analyzer.js";
import { openDatabase, request } from "./database.js";
import type { Photo, View } from "./state.js";

export interface Draft {
  readonly view: View;
  readonly text: string;
  readonly photo: Photo | null;
  readonly queries: readonly Query[];
  readonly threshold: number | null;
  readonly nested: boolean;
}

const NAME = "mner-qg-draft";
const STORE = "draft";
const KEY = "only";

const PHOTO = "photo";
/** Set in the tab that has a photo: another visit does not get it. */
const OPEN_TAB = "mner-qg-photo";

const open = (): Promise<IDBDatabase> => openDatabase(NAME, 1, (database) => void database.createObjectStore(STORE));

/** Keeps it; without storage the reload goes on all the same, the address still holds the text. */
export async function keepDraft(draft: Draft): Promise<void> {
  try {
    const database = await open();
    await request(database.transaction(STORE, "readwrite").objectStore(STORE).put(draft, KEY));
    database.close();
  } catch {
    // Nothing to be done about it here.
  }
}

/** Gives it back, once. */
export async function takeDraft(): Promise<Draft | null> {
  try {
    const database = await open();
    const store = database.transaction(STORE, "readwrite").objectStore(STORE);
    const draft = (await request(store.get(KEY))) as Draft | undefined;
    await request(store.delete(KEY));
    database.close();
    return draft ?? null;
  } catch {
    return null;
  }
}

/** `null` forgets it. Without storage a reload loses the photo, and the page says so. */
export async function keepPhoto(photo: File | null): Promise<void> {
  try {
    if (photo) sessionStorage.setItem(OPEN_TAB, "1");
    else if (sessionStorage.getItem(OPEN_TAB) === null) return;
    else sessionStorage.removeItem(OPEN_TAB);
    const database = await open();
    const store = database.transaction(STORE, "readwrite").objectStore(STORE);
    await (photo ? request(store.put(photo, PHOTO)) : request(store.delete(PHOTO)));
    database.close();
  } catch {
    // Told when it is missed.
  }
}

/** Whether this tab had a photo of the reader's own before it was reloaded. */
export function hadPhoto(): boolean {
  try {
    return sessionStorage.getItem(OPEN_TAB) !== null;
  } catch {
    return false;
  }
}

/** The photo of before the reload; `null` when it is gone. What another visit left is deleted. */
export async function keptPhoto(): Promise<File | null> {
  try {
    const database = await open();
    const store = database.transaction(STORE, "readwrite").objectStore(STORE);
    const photo = hadPhoto() ? ((await request(store.get(PHOTO))) as File | undefined) : undefined;
    if (!hadPhoto()) await request(store.delete(PHOTO));
    database.close();
    return photo ?? null;
  } catch {
    return null;
  }
}
