import { ApiError } from '#lib/api.ts';

const allowed = /^[A-Za-z0-9][A-Za-z0-9._-]{1,38}$/;

/** Another username for somebody whose first choice is taken: from the e-mail they gave, else with the year behind it. */
export function suggestName(taken: string, email: string, year = new Date().getFullYear()): string {
  const local = email.split('@')[0]?.toLowerCase().replace(/\+.*$/, '') ?? '';
  if (allowed.test(local) && local !== taken.toLowerCase()) return local;
  return `${taken.slice(0, 35)}${year}`;
}

/** The sentence for a taken username, with a way out; null when something else went wrong. */
export function explainTaken(error: unknown, username: string, email: string): string | null {
  if (!(error instanceof ApiError) || error.code !== 'conflict' || error.details.field !== 'username') return null;
  return `Someone here is already “${username}”. Try “${suggestName(username, email)}”.`;
}
