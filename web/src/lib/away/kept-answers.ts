/** What the worker keeps of the server's answers, and under which names: for the worker and for the pages. @module */
import { API_BASE } from '#lib/api.ts';

/** The caches of answers, one for each person; there is never more than one person's. */
export const SEEN = 'tintype-seen-';
/** The caches of the app itself, one for each build. */
export const SHELL = 'tintype-shell-';

/** Answers that show the gallery and the studio. Nothing of links, keys, sessions, people or the administration is among them. */
const kept = [
  /^\/me$/,
  /^\/timeline(\/\d{4,}-\d\d)?$/,
  /^\/photos\/[^/]+\/metadata$/,
  /^\/albums(\/[^/]+(\/layout)?)?$/,
  /^\/(tags|models|settings|templates|styles)$/,
  /^\/generation\/sessions(\/[^/]+(\/steps)?)?$/,
  /^\/generation\/steps\/[^/]+(\/(alternatives|status))?$/,
];

/** Whether the answer at an address (of this origin) is kept: for a photo's bytes the browser's own cache does it. */
export function isKept({ pathname }: Pick<URL, 'pathname'>): boolean {
  const path = pathname.startsWith(API_BASE) ? pathname.slice(API_BASE.length) : '';
  return kept.some((pattern) => pattern.test(path));
}

/** What the server lets anybody know of itself: without it the app does not start. It belongs to nobody. */
export const STATUS = `${API_BASE}/auth/status`;
export const ME = `${API_BASE}/me`;

/** The first part of every address that the app can show without the server. Pages of links are not among them. */
const places = new Set([
  '',
  'photos',
  'search',
  'albums',
  'archive',
  'studio',
  'organizations',
  'settings',
  'shared',
  'trash',
  'admin',
]);
export const isPage = ({ pathname }: Pick<URL, 'pathname'>): boolean => places.has(pathname.split('/')[1] ?? '');

const isJson = ({ headers }: Response): boolean => headers.get('content-type')?.startsWith('application/json') === true;

/**
 * A gateway that finds nobody behind it answers in its own words, with 502 to 504, with a status of its own above those, or with a 404
 * while the container is replaced. The server's own refusals are JSON, and it has every page.
 */
export const isFromGateway = (response: Response): boolean =>
  (response.status >= 500 || response.status === 404) && !isJson(response);

/** The server itself says that there is nothing there, or nothing for whoever asks: by a gateway's word nothing is given up. */
export const isDenied = (response: Response): boolean => [403, 404, 410].includes(response.status) && isJson(response);

/** Deletes every answer that is kept of anybody: at sign-out, and before somebody signs in. Never throws. */
export async function forgetAnswers(): Promise<void> {
  try {
    for (const name of await caches.keys()) if (name.startsWith(SEEN)) await caches.delete(name);
  } catch {
    // Browsers have caches only where the connection is encrypted, or is none; some have none in private windows.
  }
}
