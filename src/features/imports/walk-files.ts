import { isUtf8 } from 'node:buffer';
import { createHash } from 'node:crypto';
import { constants } from 'node:fs';
import { lstat, open, readdir, realpath } from 'node:fs/promises';
import { join, normalize, relative, sep } from 'node:path';
import { type OpenFile, type Passed, Skip } from './earlier-system.ts';
import { ImportError } from './import-error.ts';

/** One folder: the names of its files, in order, and what in it is passed over. */
export interface Folder {
  /** Below the root, `''` for itself. */
  readonly path: string;
  readonly files: readonly string[];
  readonly passed: readonly Passed[];
}

/** What programs and systems leave beside pictures, and nobody misses. */
const ofPrograms = /^(?:\.|@eaDir$|#recycle$|Thumbs\.db$|desktop\.ini$|__MACOSX$)/i;

/** All folders below a root, each with its files, by name. Links are never followed, so that it ends and stays inside. */
export async function* walkFolders(root: string, path = ''): AsyncGenerator<Folder> {
  const found = await readdir(await placeOf(root, path), { withFileTypes: true, encoding: 'buffer' }).catch(() => null);
  if (!found) {
    yield { path, files: [], passed: [{ name: path || '.', why: 'unreadable' }] };
    return;
  }
  const files: string[] = [];
  const folders: string[] = [];
  const passed: Passed[] = [];
  const entries = found.map((entry) => ({ entry, own: decodeName(entry.name), isOdd: !isUtf8(entry.name) }));
  const plain = new Set(entries.filter(({ isOdd }) => !isOdd).map(({ own }) => own));
  for (const { entry, own, isOdd } of entries.sort((a, b) => (a.own < b.own ? -1 : 1))) {
    const name = join(path, own);
    if (ofPrograms.test(own)) passed.push({ name, why: 'hidden' });
    else if (isOdd && plain.has(own)) passed.push({ name, why: 'same_name' });
    else if (entry.isDirectory()) folders.push(name);
    else if (entry.isFile()) files.push(own);
    else passed.push({ name, why: entry.isSymbolicLink() ? 'link' : 'not_a_file' });
  }
  yield { path, files, passed };
  for (const folder of folders) yield* walkFolders(root, folder);
}

/** A name is bytes. Those that are not UTF-8, as programs wrote them once and zip files still have them, are told as Latin-1. */
const decodeName = (name: Buffer): string => name.toString(isUtf8(name) ? 'utf8' : 'latin1');

/** Where a path of {@link walkFolders} lies: what is not there under its name in UTF-8 has it in Latin-1. */
async function placeOf(root: string, path: string): Promise<string | Buffer> {
  const whole = join(root, path);
  if (!/[\u0080-\u00ff]/.test(path) || (await isThere(whole))) return whole;
  let place = Buffer.from(root);
  for (const name of normalize(path).split(sep)) {
    const plain = Buffer.concat([place, Buffer.from(sep + name)]);
    // Beyond Latin-1, other characters would become something else, such as a slash.
    const isOdd = !/[^\p{ASCII}\u0080-\u00ff]/u.test(name) && !(await isThere(plain));
    place = isOdd ? Buffer.concat([place, Buffer.from(sep + name, 'latin1')]) : plain;
  }
  return place;
}

const isThere = (place: string | Buffer): Promise<boolean> =>
  lstat(place).then(
    () => true,
    () => false,
  );

/**
 * Opens a file below a root whose path may be somebody else's word: nothing outside is opened, no link at its end followed, and no
 * pipe waited for.
 * @throws Skip
 */
export async function openBelow(root: string, path: string): Promise<OpenFile> {
  const whole = await placeOf(root, path.replaceAll('\0', ''));
  const found = await lstat(whole).catch((error: { code?: string }) => {
    throw new Skip(['ENOENT', 'ENOTDIR', 'ENAMETOOLONG'].includes(error.code ?? '') ? 'missing' : 'unreadable');
  });
  if (path.includes('\0')) throw new Skip('missing');
  if (found.isSymbolicLink()) throw new Skip('link');
  if (!found.isFile()) throw new Skip('not_a_file');
  if (!isBelow(await bytesOf(root), await bytesOf(whole).catch(() => ''))) throw new Skip('outside');
  // Between looking and opening it may have become something else: then it is that which is asked.
  const handle = await open(whole, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK).catch(
    (error: { code?: string }) => {
      throw new Skip(error.code === 'ELOOP' ? 'link' : error.code === 'ENOENT' ? 'missing' : 'unreadable');
    },
  );
  const facts = await handle.stat();
  if (!facts.isFile()) {
    await handle.close();
    throw new Skip('not_a_file');
  }
  return {
    bytes: facts.size,
    modifiedAt: facts.mtime,
    body: handle.createReadStream({ autoClose: false, highWaterMark: 256 * 1024 }),
    close: () => handle.close(),
  };
}

const enoughToTell = 500;

/**
 * Refuses a folder that was mistaken for another: there is something in it, and none of the first files that a database names.
 * @param name what it is called there
 * @throws ImportError
 */
export async function requireSome(root: string, paths: AsyncIterable<string>, name: string): Promise<void> {
  let asked = 0;
  for await (const path of paths) {
    if (isBelow(root, join(root, path)) && (await isThere(await placeOf(root, path)))) return;
    asked += 1;
    if (asked === enoughToTell) break;
  }
  if (asked === 0 || (await readdir(root)).length === 0) return;
  throw new ImportError(
    `${root} has none of the ${asked} images that the database names first: name its folder ${name}.`,
  );
}

/** Where something is in truth, a character for each byte. */
const bytesOf = async (place: string | Buffer): Promise<string> => (await realpath(place, 'buffer')).toString('latin1');

const isBelow = (root: string, path: string): boolean => {
  const way = relative(root, path);
  return path !== '' && way !== '' && way !== '..' && !way.startsWith(`..${sep}`);
};

/**
 * What a file that no row names is known by: where it lies, how large it is and since when. Another file in its place is another one.
 */
export async function nameOfFile(root: string, path: string): Promise<string> {
  const whole = join(root, path);
  const found = await lstat(await placeOf(root, path)).catch(() => null);
  const facts = [whole, found?.size, found?.mtimeMs].join('\0');
  return `file:${createHash('sha256').update(facts).digest('hex')}`;
}
