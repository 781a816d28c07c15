const KEY = 'searches';
const MOST = 6;

/** Searches with the newest first, each once and six at the most. */
export function withSearch(list: readonly string[], q: string): string[] {
  const words = q.trim();
  if (!words) return [...list];
  return [words, ...list.filter((other) => other.toLowerCase() !== words.toLowerCase())].slice(0, MOST);
}

/**
 * What somebody searched for last. It stays in this browser, and belongs to one account: whoever signs in after them sees nothing of it.
 */
export function recentSearches(userId: string) {
  return {
    list(): string[] {
      try {
        const kept = JSON.parse(localStorage.getItem(KEY) ?? '{}') as { of?: string; list?: string[] };
        return kept.of === userId && Array.isArray(kept.list) ? kept.list : [];
      } catch {
        return [];
      }
    },
    add(q: string): void {
      localStorage.setItem(KEY, JSON.stringify({ of: userId, list: withSearch(this.list(), q) }));
    },
    forget(): void {
      localStorage.removeItem(KEY);
    },
  };
}
