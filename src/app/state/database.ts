// The two lines of IndexedDB that everything else needs as promises.

export function request<T>(pending: IDBRequest<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    pending.onsuccess = () => resolve(pending.result);
    pending.onerror = () => reject(pending.error);
  });
}

/** Resolves when everything the transaction was asked to do is on the disk. */
export function finished(transaction: IDBTransaction): Promise<void> {
  return new Promise((resolve, reject) => {
    transaction.oncomplete = () => resolve();
    transaction.onerror = () => reject(transaction.error);
    transaction.onabort = () => reject(transaction.error);
  });
}

export function openDatabase(
  name: string,
  version: number,
  upgrade: (database: IDBDatabase) => void,
): Promise<IDBDatabase> {
  return new Promise((resolve, reject) => {
    const pending = indexedDB.open(name, version);
    pending.onupgradeneeded = () => upgrade(pending.result);
    pending.onerror = () => reject(pending.error);
    pending.onblocked = () => reject(new Error(`Another page holds an older form of ${name}.`));
    pending.onsuccess = () => {
      const database = pending.result;
      // A newer version of the page may need to change it; this one would be in its way.
      database.onversionchange = () => database.close();
      resolve(database);
    };
  });
}
