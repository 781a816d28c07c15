import { posix } from 'node:path';
import type { EarlierPhoto, EarlierSystem, Passed } from '../earlier-system.ts';
import { ImportError } from '../import-error.ts';
import type { EarlierFiles } from './open-bucket.ts';
import { openRows, type Row, toBoolean, toDate, toUuid } from './rows.ts';

const userColumns = ['id', 'username', 'email', 'password', 'first_name', 'last_name', 'date_joined', 'is_active'];
const imageColumns = [
  'id',
  'user',
  'user_id',
  'image',
  'storage_key',
  'image_type',
  'is_primary',
  'caption',
  'uploaded_at',
  'url',
  'public_url',
];

/**
 * pinit: Django's accounts, and the rows of pictures that lie in a bucket.
 * @param deps.database a Postgres address, or the path of an SQLite file
 */
export async function openPinit(deps: { database: string; files: EarlierFiles }): Promise<EarlierSystem> {
  const rows = await openRows(deps.database);
  const close = async (): Promise<void> => {
    deps.files.close();
    await rows.close();
  };
  const table = await findImageTable(await rows.tables(), rows.columns);
  if (!table || !(await rows.columns('auth_user')).has('password')) {
    await close();
    throw new ImportError('This is no database of pinit: it has no tables auth_user and …_userimage.');
  }
  /** Rows name people by number or by name, as the time was that they are from. */
  const byName = new Map<string, string>();

  const toPhoto = (row: Row): EarlierPhoto | Passed => {
    const key = row.storage_key || row.image || keyOf(row.public_url ?? row.url);
    const name = key || `row ${row.id}`;
    if (!key || !row.id) return { name, why: 'missing' };
    const id = toUuid(row.id);
    const at = toDate(row.uploaded_at);
    return {
      name,
      filename: posix.basename(key),
      earlierIds: [id, key],
      id,
      owner: { person: row.user_id ?? byName.get(row.user ?? '') ?? '' },
      told: {
        ...(at ? { createdAt: at } : {}),
        caption: row.caption ?? '',
        imageType: row.image_type === 'profile' || row.image_type === 'cover' ? row.image_type : 'gallery',
      },
      isPrimary: toBoolean(row.is_primary),
      albums: [],
      open: () => deps.files.open(key),
    };
  };

  return {
    name: 'pinit',
    async *people() {
      for await (const row of rows.read('auth_user', userColumns, 'id')) {
        const { id, username } = row;
        if (!id || !username) continue;
        byName.set(username, id);
        yield {
          earlierId: id,
          aliases: [`name:${username}`],
          username,
          email: row.email || null,
          displayName: [row.first_name, row.last_name].filter(Boolean).join(' ') || null,
          passwordHash: row.password || null,
          createdAt: toDate(row.date_joined),
          isDisabled: row.is_active != null && !toBoolean(row.is_active),
        };
      }
    },
    async *photos() {
      for await (const row of rows.read(table, imageColumns, 'id')) yield toPhoto(row);
    },
    count: () => rows.count(table),
    close,
  };
}

async function findImageTable(
  tables: readonly string[],
  columnsOf: (table: string) => Promise<ReadonlySet<string>>,
): Promise<string | undefined> {
  for (const table of tables.filter((name) => /user_?image$/i.test(name))) {
    const columns = await columnsOf(table);
    if (columns.has('image_type') && columns.has('uploaded_at')) return table;
  }
  return undefined;
}

/** Of rows that name an address alone: what stands behind the domain. */
function keyOf(url: string | null | undefined): string {
  try {
    return decodeURIComponent(new URL(url ?? '').pathname).replace(/^\/+/, '');
  } catch {
    return '';
  }
}
