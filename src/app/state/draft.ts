// Carries what a reader is working on over a reload into a new version, photo included, and forgets it at once afterwards.
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
