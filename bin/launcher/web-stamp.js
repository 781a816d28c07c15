import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';

const sources = ['web', 'package-lock.json'];
const made = new Set(['web/build', 'web/.svelte-kit', 'web/node_modules']);

/**
 * Whether `web/build` was made from the sources that are here now. Told by content, not by time: a checkout gives every
 * file the same moment.
 * @param {string} root
 */
export function webIsBuilt(root) {
  if (!existsSync(path.join(root, 'web/build/index.html'))) return false;
  try {
    return readFileSync(stampFile(root), 'utf8') === digest(root);
  } catch {
    return false;
  }
}

/**
 * Notes what `web/build` was made from.
 * @param {string} root
 * @param {string} from the {@link digest} before the build began: what changes meanwhile must count as not built
 */
export function stampWeb(root, from) {
  writeFileSync(stampFile(root), from);
}

/**
 * @param {string} root
 * @returns {string} sha256 over names and contents of all that goes into the web app
 */
export function digest(root) {
  const hash = createHash('sha256');
  for (const source of sources) addTo(hash, root, source);
  return hash.digest('hex');
}

/**
 * @param {import('node:crypto').Hash} hash
 * @param {string} root
 * @param {string} relative
 */
function addTo(hash, root, relative) {
  if (made.has(relative)) return;
  const place = path.join(root, relative);
  let entries;
  try {
    entries = readdirSync(place, { withFileTypes: true });
  } catch {
    if (existsSync(place)) hash.update(`${relative}\0`).update(readFileSync(place)).update('\0');
    return;
  }
  for (const { name } of entries.sort((a, b) => (a.name < b.name ? -1 : 1))) addTo(hash, root, `${relative}/${name}`);
}

/** @param {string} root */
function stampFile(root) {
  return path.join(root, 'web/build/.stamp');
}
