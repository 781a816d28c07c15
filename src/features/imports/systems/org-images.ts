import { posix } from 'node:path';
import {
  type EarlierMember,
  type EarlierOrganization,
  type EarlierPicture,
  type EarlierSystem,
  type OpenFile,
  type Passed,
  Skip,
} from '../earlier-system.ts';
import { ImportError } from '../import-error.ts';
import { openBelow, walkFolders } from '../walk-files.ts';
import { openRows, type Row, toBoolean, toDate, toUuid } from './rows.ts';

const passwordColumns = ['hashed_password', 'password_hash'];
const userColumns = [
  'id',
  'username',
  'email',
  'name',
  ...passwordColumns,
  'role',
  'organization_id',
  'user_status',
  'is_active',
  'created_at',
];
const organizationColumns = ['id', 'name', 'is_active'];

/** Where each kind of picture lies: in its row, else where an address leads that is from before. */
const places = [
  { kind: 'profile', table: 'users', data: 'profile_photo_data', address: 'profile_photo_url' },
  { kind: 'logo', table: 'organizations', data: 'logo_data', address: 'logo_url' },
] as const;

const superAdmin = 'super_admin';

/**
 * org-images: people, organizations, who belongs to which, and the pictures that both show everybody.
 * @param deps.database a Postgres address, or the path of an SQLite file
 * @param deps.images the folder that was served at `/static/images`; null where there is none
 */
export async function openOrgImages(deps: { database: string; images: string | null }): Promise<EarlierSystem> {
  const rows = await openRows(deps.database);
  const [users, organizations] = [await rows.columns('users'), await rows.columns('organizations')];
  if (!users.has('organization_id') || !organizations.has('name') || !places.some(({ data }) => users.has(data))) {
    await rows.close();
    throw new ImportError(
      'This is no database of org-images: it has no tables users, with pictures, and organizations.',
    );
  }
  const members = new Map<string, EarlierMember[]>();

  /** Files that no row names. */
  async function* unnamed(): AsyncGenerator<Passed> {
    if (deps.images === null) return;
    const named = new Set<string>();
    for (const { table, address } of places) {
      for await (const row of rows.read(table, ['id', address], 'id')) {
        const path = pathOf(row[address]);
        if (path !== undefined) named.add(path);
      }
    }
    for await (const { path, files, passed } of walkFolders(deps.images)) {
      yield* passed;
      for (const file of files) {
        const name = path === '' ? file : `${path}/${file}`;
        if (!named.has(name)) yield { name, why: 'no_owner' };
      }
    }
  }

  return {
    name: 'org-images',
    async *people() {
      for await (const row of rows.read('users', userColumns, 'id')) {
        const { id, username } = row;
        if (!id || !username) continue;
        const earlierId = toUuid(id);
        const role = (row.role ?? '').toLowerCase();
        if (row.organization_id) {
          const one: EarlierMember = { person: earlierId, role: /^(?:super_)?admin$/.test(role) ? 'admin' : 'member' };
          const of = toUuid(row.organization_id);
          const others = members.get(of);
          if (others) others.push(one);
          else members.set(of, [one]);
        }
        const hash = passwordColumns.map((column) => row[column]).find(Boolean) ?? null;
        yield {
          earlierId,
          username,
          email: row.email || null,
          displayName: row.name || null,
          passwordHash: hash,
          createdAt: toDate(row.created_at),
          isDisabled: (row.is_active != null && !toBoolean(row.is_active)) || /^inactive$/i.test(row.user_status ?? ''),
          notes:
            role === superAdmin
              ? [`${superAdmin} there: no administrator of this library, and of their own organization alone`]
              : [],
        };
      }
    },
    async *organizations(): AsyncGenerator<EarlierOrganization> {
      for await (const row of rows.read('organizations', organizationColumns, 'id')) {
        if (!row.id) continue;
        const earlierId = toUuid(row.id);
        const inactive = row.is_active != null && !toBoolean(row.is_active);
        const notes = inactive ? ['not active there: it is as any other here'] : [];
        yield { earlierId, name: row.name ?? '', members: members.get(earlierId) ?? [], notes };
      }
    },
    async *pictures(): AsyncGenerator<EarlierPicture> {
      for (const { kind, table, data, address } of places) {
        for await (const row of rows.read(table, ['id', address], 'id')) {
          if (!row.id) continue;
          const of = toUuid(row.id);
          const name = `${kind} ${of}`;
          const bytes = await rows.bytes(table, data, row.id);
          if (bytes) yield { name, kind, of, open: async () => openBytes(bytes) };
          else if (isKept(row, address)) {
            const where = row[address]?.startsWith('data:') ? '' : ` (${row[address]?.slice(0, 200)})`;
            yield { name: name + where, kind, of, open: () => openAddress(deps.images, row[address]) };
          }
        }
      }
    },
    // It has pictures of people and organizations alone; what else lies in its folder is at least named.
    photos: unnamed,
    async count() {
      let count = 0;
      for (const { table, data } of places) count += await rows.count(table, data);
      for await (const _ of unnamed()) count += 1;
      return count;
    },
    close: rows.close,
  };
}

/** Addresses that it made of the row itself say nothing of a picture that the row does not have. */
const isKept = (row: Row, address: string): boolean => {
  const text = row[address] ?? '';
  return text !== '' && !/^\/(?:api\/)?images\//.test(text);
};

function openBytes(bytes: Buffer): OpenFile {
  const body = (async function* () {
    yield bytes;
  })();
  return { bytes: bytes.length, modifiedAt: null, body, close: async () => {} };
}

/** Nothing is fetched: an address is that of a file in the folder, or holds the picture itself. */
async function openAddress(images: string | null, address: string | null | undefined): Promise<OpenFile> {
  const data = /^data:image\/[a-z+.-]+;base64,(.*)$/s.exec(address ?? '')?.[1];
  if (data !== undefined) return openBytes(Buffer.from(data, 'base64'));
  const path = pathOf(address);
  if (path === undefined) throw new Skip('elsewhere');
  if (images === null) throw new Skip('missing');
  return openBelow(images, path);
}

/** Below the folder, of the file that an address leads to. */
function pathOf(address: string | null | undefined): string | undefined {
  const path = /^(?:https?:\/\/[^/]+)?\/(?:api\/)?static\/images\/([^?#]+)/.exec(address ?? '')?.[1];
  return path === undefined ? undefined : posix.normalize(decode(path));
}

function decode(path: string): string {
  try {
    return decodeURIComponent(path);
  } catch {
    return path;
  }
}
