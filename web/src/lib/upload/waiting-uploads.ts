/** Whether files wait to be sent, told without what sends them: every page asks this first. @module */

export const DATABASE = 'tintype-uploads';
/** Says, without opening the database, whose files wait in it. */
export const OWNER = 'uploads-of';

export function hasStoredUploads(user: string): boolean {
  return localStorage.getItem(OWNER) === user;
}

/** Nothing waits any more, or somebody signs out. */
export function forgetAllUploads(): void {
  localStorage.removeItem(OWNER);
  indexedDB.deleteDatabase(DATABASE);
}
