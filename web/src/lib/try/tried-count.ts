/** How many pictures a visitor left in this browser, told without the database that has them. @module */

const KEY = 'tried';

export function countTried(): number {
  try {
    return Number(localStorage.getItem(KEY)) || 0;
  } catch {
    return 0;
  }
}

export function noteTried(count: number): void {
  try {
    if (count > 0) localStorage.setItem(KEY, String(count));
    else localStorage.removeItem(KEY);
  } catch {
    // A browser that keeps nothing has kept no pictures either.
  }
}
