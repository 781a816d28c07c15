/**
 * What this browser keeps in a database of its own, which has one store.
 *
 * Every request opens the database and closes it again: left open, it would keep another window from deleting it.
 * @param parameters how what is kept is known again; used when the database is made
 * @returns runs one request, and answers once its transaction is through; it rejects where the browser keeps nothing or has no room
 */
export function createBrowserStore(database: string, name: string, parameters: IDBObjectStoreParameters) {
  return <T>(mode: IDBTransactionMode, run: (store: IDBObjectStore) => IDBRequest<T>): Promise<T> =>
    new Promise((resolve, reject) => {
      const opening = indexedDB.open(database, 1);
      opening.onupgradeneeded = () => opening.result.createObjectStore(name, parameters);
      opening.onerror = () => reject(opening.error);
      opening.onsuccess = () => {
        const opened = opening.result;
        const transaction = opened.transaction(name, mode);
        const done = run(transaction.objectStore(name));
        transaction.oncomplete = () => {
          opened.close();
          resolve(done.result);
        };
        transaction.onabort = () => {
          opened.close();
          reject(transaction.error);
        };
      };
    });
}
