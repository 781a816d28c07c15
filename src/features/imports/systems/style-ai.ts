import { extname } from 'node:path';
import type { EarlierOwner, EarlierPhoto, EarlierSystem, Passed } from '../earlier-system.ts';
import { ImportError } from '../import-error.ts';
import { openBelow, requireSome, walkFolders } from '../walk-files.ts';
import { openRows, type Row, toBoolean, toDate } from './rows.ts';

const userColumns = ['id', 'username', 'email', 'password_hash', 'created_at', 'is_active'];
const imageColumns = ['id', 'user_id', 'filename', 'original_filename', 'style', 'created_at'];
const table = 'processed_image';

/** Its one way of styling has no name in its rows. */
const nameless = new Set(['', 'hardcoded']);

/**
 * style-ai: accounts, the pictures they uploaded and what was made of them. Files of `uploads/` that no row names are nobody's that is
 * known.
 * @param deps.database a Postgres address, or the path of its SQLite file
 * @param deps.uploads its folder of files
 */
export async function openStyleAi(deps: { database: string; uploads: string }): Promise<EarlierSystem> {
  const rows = await openRows(deps.database);
  const users = (await rows.columns('users')).has('password_hash') ? 'users' : 'user';
  if (!(await rows.columns(users)).has('password_hash') || !(await rows.columns(table)).has('original_filename')) {
    await rows.close();
    throw new ImportError('This is no database of style-ai: it has no tables users and processed_image.');
  }

  const namedFiles = async function* () {
    for await (const { filename, original_filename } of rows.read(table, imageColumns, 'id')) {
      for (const name of [filename, original_filename]) if (name) yield name;
    }
  };
  await requireSome(deps.uploads, namedFiles(), 'uploads').catch(async (error) => {
    await rows.close();
    throw error;
  });

  const photoOf = (file: string, owner: EarlierOwner, at: Date | null): Omit<EarlierPhoto, 'earlierIds'> => ({
    name: file,
    filename: file,
    owner,
    told: at ? { createdAt: at } : {},
    albums: [],
    open: () => openBelow(deps.uploads, file),
  });
  const toPhotos = (row: Row): EarlierPhoto[] => {
    const owner = { person: row.user_id ?? '' };
    const at = toDate(row.created_at);
    const { id, filename, original_filename: original } = row;
    const source: EarlierPhoto | null = original ? { ...photoOf(original, owner, at), earlierIds: [original] } : null;
    if (!filename || !id) return source ? [source] : [];
    const style = nameless.has(row.style ?? '') ? 'cinematic' : (row.style as string);
    const made = { kind: 'styled', of: source, style, recipe: { tool: 'style-ai' } } as const;
    return [{ ...photoOf(filename, owner, at), earlierIds: [id, filename], id, made }];
  };

  async function* photos(): AsyncGenerator<EarlierPhoto | Passed> {
    const named = new Set<string>();
    for await (const row of rows.read(table, imageColumns, 'id')) {
      for (const name of [row.filename, row.original_filename]) if (name) named.add(name);
      yield* toPhotos(row);
    }
    for await (const { path, files, passed } of walkFolders(deps.uploads)) {
      yield* passed;
      for (const file of files) {
        const name = path === '' ? file : `${path}/${file}`;
        if (!named.has(name))
          yield { ...photoOf(name, 'unknown', null), filename: withExtension(file), earlierIds: [name] };
      }
    }
  }

  return {
    name: 'style-ai',
    async *people() {
      for await (const row of rows.read(users, userColumns, 'id')) {
        const { id, username } = row;
        if (!id || !username) continue;
        yield {
          earlierId: id,
          username,
          email: row.email || null,
          displayName: null,
          passwordHash: row.password_hash || null,
          createdAt: toDate(row.created_at),
          isDisabled: row.is_active != null && !toBoolean(row.is_active),
        };
      }
    },
    photos,
    // Opens nothing: a walk through the rows and the folder.
    async count() {
      let count = 0;
      for await (const _ of photos()) count += 1;
      return count;
    },
    close: rows.close,
  };
}

const withExtension = (file: string): string => (extname(file) === '' ? `${file}.jpg` : file);
