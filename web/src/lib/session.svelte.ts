import { ApiError, api } from '#lib/api.ts';
import type { AuthStatus, User } from '#lib/api-schema.ts';

let user = $state.raw<User | null>(null);
let status = $state.raw<AuthStatus | null>(null);

/** Who is signed in, and what this server lets people do. */
export const session = {
  /** Null until `load` has found somebody signed in. */
  get user() {
    return user;
  },
  get status() {
    return status;
  },
  set user(value: User | null) {
    user = value;
  },

  /** Asks once who is signed in; null when nobody is. */
  async load(): Promise<User | null> {
    if (user) return user;
    try {
      user = await api.get('/me');
    } catch (error) {
      if (!(error instanceof ApiError) || error.status !== 401) throw error;
    }
    return user;
  },

  /** Asks again, after something changed how much is stored. Never throws: the figure is a courtesy. */
  async refresh(): Promise<void> {
    try {
      user = await api.get('/me');
    } catch {
      // The next page will say what is wrong, if anything is.
    }
  },

  async loadStatus(): Promise<AuthStatus> {
    status ??= await api.get('/auth/status');
    return status;
  },

  /** Forgets what was known, so that the next page asks the server. */
  forget(): void {
    user = null;
    status = null;
  },
};

/** The name to show for somebody. */
export function nameOf(person: Pick<User, 'display_name' | 'username'>): string {
  return person.display_name?.trim() || person.username;
}

/** Up to two letters for the oval. */
export function initialsOf(person: Pick<User, 'display_name' | 'username'>): string {
  const words = nameOf(person)
    .split(/[\s._-]+/u)
    .filter(Boolean);
  return words
    .slice(0, 2)
    .map((word) => [...word][0])
    .join('')
    .toUpperCase();
}
