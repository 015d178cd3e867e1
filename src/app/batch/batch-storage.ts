// Keeps a batch on the device, so that a reload, a crash or an update loses nothing that was computed. One batch at a time.
import { finished, openDatabase, request } from "../state/database.js";
import type { BatchRow } from "./batch-row.js";

const NAME = "mner-qg-batch";
const ROWS = "rows";
const ABOUT = "about";

export interface StoredBatch {
  readonly name: string;
  readonly rows: BatchRow[];
}

function open(): Promise<IDBDatabase> {
  return openDatabase(NAME, 1, (database) => {
    database.createObjectStore(ROWS, { keyPath: "index" });
    database.createObjectStore(ABOUT);
  });
}

async function write(work: (rows: IDBObjectStore, about: IDBObjectStore) => void): Promise<void> {
  const database = await open();
  try {
    const transaction = database.transaction([ROWS, ABOUT], "readwrite");
    work(transaction.objectStore(ROWS), transaction.objectStore(ABOUT));
    await finished(transaction);
  } finally {
    database.close();
  }
}

export function storeBatch({ name, rows }: StoredBatch): Promise<void> {
  return write((store, about) => {
    store.clear();
    about.put(name, "name");
    for (const row of rows) store.put(row);
  });
}

export function storeRows(changed: readonly BatchRow[]): Promise<void> {
  return write((store) => {
    for (const row of changed) store.put(row);
  });
}

export function forgetBatch(): Promise<void> {
  return write((store, about) => {
    store.clear();
    about.clear();
  });
}

/** What was stored; what was being read when the page went away is waiting again. */
export async function restoreBatch(): Promise<StoredBatch | null> {
  const database = await open();
  try {
    const transaction = database.transaction([ROWS, ABOUT]);
    const name = (await request(transaction.objectStore(ABOUT).get("name"))) as string | undefined;
    if (name === undefined) return null;
    const rows = (await request(transaction.objectStore(ROWS).getAll())) as BatchRow[];
    return { name, rows: rows.map((row) => (row.status === "running" ? { ...row, status: "waiting" } : row)) };
  } finally {
    database.close();
  }
}
