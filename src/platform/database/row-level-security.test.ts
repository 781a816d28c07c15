import { createHash, randomBytes } from 'node:crypto';
import { type Kysely, sql, type Transaction } from 'kysely';
import { Pool, type PoolClient } from 'pg';
import { v7 as uuidv7 } from 'uuid';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createTestDatabase } from '../../../test/database.ts';
import { createLogin, isSuperuser, run } from '../../../test/isolation/roles.ts';
import { asStorage } from './as-storage.ts';
import { asSystem } from './as-system.ts';
import { anonymous, type Principal } from './principal.ts';
import { IsolationError, requireRowLevelSecurity } from './row-level-security.ts';

const { database, app, owner } = await createTestDatabase();
const outside = new Pool({ ...owner, max: 2 });
const hasSuperuser = await isSuperuser(owner);
afterAll(() => outside.end());

interface Person {
  readonly id: string;
  readonly session: string;
  readonly key: string;
  readonly photo: string;
  readonly hash: Buffer;
  readonly upload: string;
  readonly download: string;
  readonly album: string;
  readonly organization: string;
  readonly principal: Principal;
}

type AnyTx = Kysely<unknown>;
const hashOf = (text: string): Buffer => createHash('sha256').update(text).digest();
const as = <Result>(principal: Principal, work: (tx: AnyTx) => Promise<Result>): Promise<Result> =>
  database.as(principal, work as (tx: Transaction<unknown>) => Promise<Result>);

let admin: Person;
let victim: Person;
let stranger: Person;

const stepColumns = `id, owner_id, session_id, position, prompt, parameters, model_key, model_hash, model_name, model_base,
  backend, batch_id, correlation_id`;
const stepOf = (id: string, owner: string): string =>
  `'${id}', '${owner}', '${owner}', ${id === owner ? 1 : 2}, 'x', '{}', 'x', 'x', 'x', 'x', 'x', '${uuidv7()}', 'x'`;

/** A person with a row in every table that has rows of people. */
async function createPerson(name: string): Promise<Person> {
  const id = uuidv7();
  const [session, key, photo, upload, download, album, organization] = Array.from({ length: 7 }, () => uuidv7()) as [
    string,
    string,
    string,
    string,
    string,
    string,
    string,
  ];
  const hash = randomBytes(32);
  const principal: Principal = { kind: 'user', id };
  await as(anonymous, (tx) =>
    sql`select register_user(${id}, ${name}, ${`${name}@people.example`}, 'a hash', true, true, null)`.execute(tx),
  );
  await as(principal, async (tx) => {
    const later = new Date(Date.now() + 3_600_000);
    await sql`insert into sessions (id, user_id, token_hash, kind, expires_at)
      values (${session}, ${id}, ${hashOf(`session of ${name}`)}, 'browser', ${later})`.execute(tx);
    await sql`insert into renewal_tokens (token_hash, session_id, user_id)
      values (${hashOf(`renewal of ${name}`)}, ${session}, ${id})`.execute(tx);
    await sql`insert into imported (system, kind, earlier_id, id, owner_id)
      values ('earlier', 'photo', ${`aside/${name}`}, ${photo}, ${id})`.execute(tx);
    await sql`insert into api_keys (id, user_id, name, prefix, key_hash, scopes)
      values (${key}, ${id}, 'a key', 'tintype_', ${hashOf(`key of ${name}`)}, '{photos:read}')`.execute(tx);
    await sql`select record_blob(${hash}, 10, 'files', '[{"variant":"small","mime_type":"image/webp","bytes":1,"width":1,"height":1}]')`.execute(
      tx,
    );
    await sql`insert into photos (id, owner_id, blob_hash, filename, mime_type, bytes, width, height, taken_at, taken_from)
      values (${photo}, ${id}, ${hash}, ${`${name}.jpg`}, 'image/jpeg', 10, 1, 1, now(), 'upload')`.execute(tx);
    await sql`insert into uploads (id, owner_id, filename, bytes, expires_at)
      values (${upload}, ${id}, ${`${name}.jpg`}, 10, ${later})`.execute(tx);
    await sql`insert into downloads (id, owner_id, photo_ids, expires_at)
      values (${download}, ${id}, ${[photo]}::uuid[], ${later})`.execute(tx);
    await sql`insert into albums (id, owner_id, name) values (${album}, ${id}, ${`album of ${name}`})`.execute(tx);
    await sql`insert into album_photos (album_id, photo_id, album_owner_id, position, added_by)
      values (${album}, ${photo}, ${id}, 1, ${id})`.execute(tx);
    await sql`insert into album_pins (user_id, album_id) values (${id}, ${album})`.execute(tx);
    await sql`insert into shared_links (id, owner_id, photo_id, key_hash, key_sealed)
      values (${uuidv7()}, ${id}, ${photo}, ${hashOf(`link of ${name}`)}, 'sealed')`.execute(tx);
    await sql`select create_organization(${organization}, ${`organization of ${name}`}, null, 'members')`.execute(tx);
    await sql`insert into generation_sessions (id, owner_id, entry_type) values (${id}, ${id}, 'scratch')`.execute(tx);
    await sql`insert into generation_steps (${sql.raw(stepColumns)}) values (${sql.raw(stepOf(id, id))})`.execute(tx);
    await sql`insert into step_alternatives (id, owner_id, step_id, n, seed) values (${id}, ${id}, ${id}, 0, 1)`.execute(
      tx,
    );
    await sql`insert into alternative_progress (alternative_id, owner_id, done) values (${id}, ${id}, 0.5)`.execute(tx);
    await sql`insert into model_favorites (owner_id, model_key) values (${id}, 'model')`.execute(tx);
    await sql`insert into prompt_templates (id, owner_id, name, prompt_text) values (${id}, ${id}, 'x', 'x')`.execute(
      tx,
    );
    await sql`insert into generation_settings (owner_id, settings) values (${id}, '{}')`.execute(tx);
    await sql`select record_audit('sign_in', 'session', ${session}, '{}', '192.0.2.1')`.execute(tx);
  });
  await asStorage(database, async (tx) => {
    await sql`insert into stored_blobs (hash, variant, content, bytes, sha256)
      values (${hash}, 'original', ${photo}, 1, ${hash})`.execute(tx);
    await sql`insert into stored_parts (content, part, bytes) values (${photo}, 0, ${hash})`.execute(tx);
  });
  await outside.query(
    `insert into memberships (user_id, resource_kind, resource_id, role) values ($1, 'album', $2, 'viewer')`,
    [id, uuidv7()],
  );
  return { id, session, key, photo, hash, upload, download, album, organization, principal };
}

beforeAll(async () => {
  admin = await createPerson('admin');
  victim = await createPerson('victim');
  stranger = await createPerson('stranger');
  await as(admin.principal, (tx) => sql`select set_quota(${victim.id}, '{"quota_bytes":10}')`.execute(tx));
  await as(admin.principal, (tx) =>
    sql`select invite_to_organization(${admin.organization}, ${victim.id}, 'member')`.execute(tx),
  );
  await as(admin.principal, (tx) =>
    sql`insert into one_time_tokens (id, kind, token_hash, user_id, created_by, expires_at)
      values (${uuidv7()}, 'reset', ${hashOf('reset of victim')}, ${victim.id}, ${admin.id}, now() + interval '1 hour')`.execute(
      tx,
    ),
  );
  await as(admin.principal, (tx) => sql`insert into generation_backend (mode) values ('local')`.execute(tx));
  await outside.query(`insert into generation_leftovers (backend, image) values ('x', 'left.png')`);
  await as(admin.principal, (tx) => sql`insert into try_out (allowed) values (false)`.execute(tx));
  await asSystem(database, async (tx) => {
    await sql`select settle_storage('files')`.execute(tx);
    await sql`insert into models (backend, key, hash, name, type, base, compatible_vae, defaults, limits)
      values ('x', 'model', 'x', 'x', 'main', 'x', '[]', '{}', '{}')`.execute(tx);
    await sql`insert into model_lists (backend, listed_at) values ('x', now())`.execute(tx);
    await sql`insert into pod_use (day, ms, dollars) values ('2026-11-22', 1, 1)`.execute(tx);
    await sql`insert into storage_leftovers (driver) values ('s3')`.execute(tx);
    await sql`insert into storage_checks (id, started_at, data_read, files, faults, first_faults, orphans)
      values (${uuidv7()}, now(), true, 7, 0, '[]', 0)`.execute(tx);
    await sql`insert into storage_faults (hash, variant, why) values (${victim.hash}, 'original', 'It is gone')`.execute(
      tx,
    );
    const file = { variant: 'picture', sha256: victim.hash.toString('hex'), bytes: 7 };
    await sql`select record_published('https://s3.example/shown/', ${victim.hash}, ${JSON.stringify([file])}::jsonb)`.execute(
      tx,
    );
  });
});

/**
 * Every table there is: which of its rows are the victim's, a change of them, a row in the victim's name, and what an
 * administrator is meant to see of it. A table that is not here fails the build.
 */
const tables: Record<
  string,
  { theirs(): string; change: string; row(): string; adminReads?: true; usersRead?: true; adminChanges?: true }
> = {
  users: {
    theirs: () => `id = '${victim.id}'`,
    change: `display_name = 'taken'`,
    row: () => `(id, username) values ('${uuidv7()}', 'made')`,
    adminReads: true,
  },
  passwords: {
    theirs: () => `user_id = '${victim.id}'`,
    change: `hash = 'taken'`,
    row: () => `(user_id, hash) values ('${victim.id}', 'x')`,
  },
  sessions: {
    theirs: () => `user_id = '${victim.id}'`,
    change: `user_agent = 'taken'`,
    row: () =>
      `(id, user_id, token_hash, kind, expires_at) values ('${uuidv7()}', '${victim.id}', sha256('x'), 'browser', now() + interval '1 day')`,
  },
  renewal_tokens: {
    theirs: () => `user_id = '${victim.id}'`,
    change: 'used_at = null',
    row: () => `(token_hash, session_id, user_id) values (sha256('x'), '${victim.session}', '${victim.id}')`,
  },
  imported: {
    theirs: () => `owner_id = '${victim.id}'`,
    change: `id = '${uuidv7()}'`,
    row: () =>
      `(system, kind, earlier_id, id, owner_id) values ('earlier', 'photo', 'x', '${uuidv7()}', '${victim.id}')`,
  },
  api_keys: {
    theirs: () => `user_id = '${victim.id}'`,
    change: `name = 'taken'`,
    row: () =>
      `(id, user_id, name, prefix, key_hash, scopes) values ('${uuidv7()}', '${victim.id}', 'x', 'x', sha256('x'), '{photos:read}')`,
  },
  one_time_tokens: {
    theirs: () => `user_id = '${victim.id}'`,
    change: `expires_at = now() + interval '1 year'`,
    // In the victim's name: an administrator makes such a row in their own.
    row: () =>
      `(id, kind, token_hash, user_id, created_by, expires_at) values ('${uuidv7()}', 'reset', sha256('x'), '${victim.id}', '${victim.id}', now() + interval '1 day')`,
    adminReads: true,
  },
  memberships: {
    theirs: () => `user_id = '${victim.id}' and resource_kind = 'album'`,
    change: `role = 'owner'`,
    row: () => `(user_id, resource_kind, resource_id, role) values ('${victim.id}', 'album', '${uuidv7()}', 'owner')`,
  },
  organizations: {
    theirs: () => `id = '${victim.organization}'`,
    change: `name = 'taken'`,
    row: () => `(id, name) values ('${uuidv7()}', 'made')`,
    adminReads: true,
  },
  organization_invitations: {
    theirs: () => `user_id = '${victim.id}'`,
    change: `role = 'admin'`,
    row: () => `(user_id, organization_id, role) values ('${stranger.id}', '${victim.organization}', 'admin')`,
    adminReads: true,
  },
  photos: {
    theirs: () => `owner_id = '${victim.id}'`,
    change: `caption = 'taken'`,
    row: () =>
      `(id, owner_id, blob_hash, filename, mime_type, bytes, width, height, taken_at, taken_from)
       values ('${uuidv7()}', '${victim.id}', '\\x${victim.hash.toString('hex')}', 'x', 'image/jpeg', 1, 1, 1, now(), 'upload')`,
  },
  albums: {
    theirs: () => `owner_id = '${victim.id}'`,
    change: `name = 'taken'`,
    row: () => `(id, owner_id, name) values ('${uuidv7()}', '${victim.id}', 'x')`,
  },
  album_photos: {
    theirs: () => `album_owner_id = '${victim.id}'`,
    change: `position = 7`,
    row: () =>
      `(album_id, photo_id, album_owner_id, position, added_by)
       values ('${victim.album}', '${stranger.photo}', '${victim.id}', 2, '${stranger.id}')`,
  },
  album_pins: {
    theirs: () => `user_id = '${victim.id}'`,
    change: `created_at = now()`,
    row: () => `(user_id, album_id) values ('${stranger.id}', '${victim.album}')`,
  },
  shared_links: {
    theirs: () => `owner_id = '${victim.id}'`,
    change: `allow_download = true`,
    row: () => `(id, owner_id, photo_id, key_hash, key_sealed)
       values ('${uuidv7()}', '${victim.id}', '${victim.photo}', sha256('x'), 'x')`,
  },
  uploads: {
    theirs: () => `owner_id = '${victim.id}'`,
    change: `filename = 'taken'`,
    row: () => `(id, owner_id, filename, bytes, expires_at) values ('${uuidv7()}', '${victim.id}', 'x', 1, now())`,
  },
  downloads: {
    theirs: () => `owner_id = '${victim.id}'`,
    change: `expires_at = now()`,
    row: () => `(id, owner_id, photo_ids, expires_at) values ('${uuidv7()}', '${victim.id}', '{}', now())`,
  },
  timeline_months: {
    theirs: () => `owner_id = '${victim.id}'`,
    change: `photos = 7`,
    row: () => `(owner_id, month) values ('${victim.id}', '2001-01-01')`,
  },
  usage: {
    theirs: () => `owner_id = '${victim.id}'`,
    change: `photos = 7`,
    row: () => `(owner_id) values ('${victim.id}')`,
    adminReads: true,
  },
  audit_log: {
    theirs: () => `actor_id = '${victim.id}'`,
    change: `action = 'taken'`,
    row: () => `(action, actor_kind, actor_id) values ('sign_in', 'user', '${victim.id}')`,
    adminReads: true,
  },
  photo_search: {
    theirs: () => `owner_id = '${victim.id}'`,
    change: `is_archived = true`,
    row: () =>
      `(photo_id, owner_id, sort_at, is_archived, words) values ('${uuidv7()}', '${victim.id}', now(), false, '')`,
  },
  search_words: {
    theirs: () => `owner_id = '${victim.id}' and word = 'victim'`,
    change: `label = 'taken'`,
    row: () => `(owner_id, kind, word) values ('${victim.id}', 'word', 'x')`,
  },
  generation_sessions: {
    theirs: () => `owner_id = '${victim.id}'`,
    change: `status = 'abandoned'`,
    row: () => `(id, owner_id, entry_type) values ('${uuidv7()}', '${victim.id}', 'scratch')`,
  },
  generation_steps: {
    theirs: () => `owner_id = '${victim.id}'`,
    change: `status = 'failed'`,
    row: () => `(${stepColumns}) values (${stepOf(uuidv7(), victim.id)})`,
  },
  step_alternatives: {
    theirs: () => `owner_id = '${victim.id}'`,
    change: `image = 'taken'`,
    row: () => `(id, owner_id, step_id, n, seed) values ('${uuidv7()}', '${victim.id}', '${victim.id}', 1, 1)`,
  },
  generation_leftovers: {
    theirs: () => `backend = 'x'`,
    change: 'tries = 7',
    row: () => `(backend, image) values ('x', 'picture.png')`,
  },
  alternative_progress: {
    theirs: () => `owner_id = '${victim.id}'`,
    change: 'done = 1',
    row: () => `(alternative_id, owner_id, done) values ('${victim.id}', '${victim.id}', 1)`,
  },
  models: {
    theirs: () => `key = 'model'`,
    change: `name = 'taken'`,
    row: () =>
      `(backend, key, hash, name, type, base, compatible_vae, defaults, limits) values ('x', 'y', 'x', 'x', 'x', 'x', '[]', '{}', '{}')`,
    adminReads: true,
    usersRead: true,
  },
  model_lists: {
    theirs: () => `backend = 'x'`,
    change: 'listed_at = now()',
    row: () => `(backend, listed_at) values ('y', now())`,
    adminReads: true,
    usersRead: true,
  },
  model_favorites: {
    theirs: () => `owner_id = '${victim.id}'`,
    change: `model_key = 'taken'`,
    row: () => `(owner_id, model_key) values ('${victim.id}', 'x')`,
  },
  prompt_templates: {
    theirs: () => `owner_id = '${victim.id}'`,
    change: `name = 'taken'`,
    row: () => `(id, owner_id, name, prompt_text) values ('${uuidv7()}', '${victim.id}', 'x', 'x')`,
  },
  generation_settings: {
    theirs: () => `owner_id = '${victim.id}'`,
    change: `settings = '{"default_steps":1}'`,
    row: () => `(owner_id, settings) values ('${victim.id}', '{}')`,
  },
  generation_backend: {
    theirs: () => 'id',
    change: `mode = 'remote'`,
    row: () => `(mode) values ('remote')`,
    adminReads: true,
    usersRead: true,
    adminChanges: true,
  },
  try_out: {
    theirs: () => 'id',
    change: 'allowed = true',
    row: () => '(allowed) values (true)',
    adminReads: true,
    adminChanges: true,
  },
  pods: {
    theirs: () => 'id',
    change: `alarm = 'taken'`,
    row: () => `(alarm) values ('taken')`,
    adminReads: true,
  },
  pod_use: {
    theirs: () => `day = '2026-11-22'`,
    change: 'dollars = 0',
    row: () => `(day, ms, dollars) values ('2026-11-23', 1, 1)`,
    adminReads: true,
  },
  blobs: {
    theirs: () => `hash = '\\x${victim.hash.toString('hex')}'`,
    change: `driver = 'taken'`,
    row: () => `(hash, bytes, driver) values (sha256('x'), 1, 'x')`,
  },
  derivatives: {
    theirs: () => `blob_hash = '\\x${victim.hash.toString('hex')}'`,
    change: `mime_type = 'text/html'`,
    row: () =>
      `(blob_hash, variant, mime_type, bytes, width, height) values ('\\x${victim.hash.toString('hex')}', 'medium', 'x', 1, 1, 1)`,
  },
  stored_blobs: {
    theirs: () => `hash = '\\x${victim.hash.toString('hex')}'`,
    change: 'bytes = 0',
    row: () =>
      `(hash, variant, content, bytes, sha256) values (sha256('x'), 'original', '${uuidv7()}', 1, sha256('x'))`,
  },
  stored_parts: {
    theirs: () => `content = '${victim.photo}'`,
    change: `bytes = ''`,
    row: () => `(content, part, bytes) values ('${victim.photo}', 1, 'x')`,
  },
  storage_place: {
    theirs: () => 'true',
    change: `driver = 'postgres'`,
    row: () => `(id, driver) values (true, 'files')`,
    adminReads: true,
    adminChanges: true,
  },
  published_pictures: {
    theirs: () => `blob_hash = '\\x${victim.hash.toString('hex')}'`,
    change: 'unused_since = now()',
    row: () =>
      `(place, blob_hash, variant, sha256, bytes) values ('x', '\\x${victim.hash.toString('hex')}', 'picture', sha256('x'), 1)`,
    adminReads: true,
  },
  storage_leftovers: {
    theirs: () => `driver = 's3'`,
    change: 'since = now()',
    row: () => `(driver) values ('postgres')`,
    adminReads: true,
    adminChanges: true,
  },
  storage_checks: {
    theirs: () => 'files = 7',
    change: 'faults = 0',
    row: () =>
      `(id, started_at, data_read, files, faults, first_faults, orphans) values ('${uuidv7()}', now(), true, 1, 0, '[]', 0)`,
    adminReads: true,
  },
  storage_faults: {
    theirs: () => `hash = '\\x${victim.hash.toString('hex')}'`,
    change: 'tries = 0',
    row: () => `(hash, variant, why) values ('\\x${victim.hash.toString('hex')}', 'small', 'x')`,
    adminReads: true,
  },
  instance: { theirs: () => 'true', change: 'app_role = null', row: () => `(id, secret) values (2, sha256('x'))` },
};

const others: Record<string, () => Principal | null> = {
  'nobody named': () => null,
  anonymous: () => anonymous,
  'another user': () => stranger.principal,
  'an administrator': () => admin.principal,
  "a link with the victim's id": () => ({ kind: 'link', id: victim.id }),
};

/** Tries one statement in a transaction that is rolled back. @returns rows seen or changed, or PostgreSQL's refusal */
async function attempt(principal: Principal | null, text: string): Promise<number | string> {
  const client = await database.pool.connect();
  try {
    await client.query('begin');
    if (principal) await setPrincipal(client, principal);
    return (await client.query(text)).rowCount ?? 0;
  } catch (error) {
    return (error as { code?: string }).code ?? String(error);
  } finally {
    await client.query('rollback');
    client.release();
  }
}

const setPrincipal = (client: PoolClient, principal: Principal) =>
  client.query(`select set_config('app.principal', $1, true)`, [
    'id' in principal ? `${principal.kind}:${principal.id}` : principal.kind,
  ]);

const refused = '42501';
const nothing = [0, refused];

test('every table is behind forced row-level security and has its lines here', async () => {
  const { rows } = await outside.query(
    `select relname, relrowsecurity and relforcerowsecurity as forced from pg_class
     where relnamespace = 'public'::regnamespace and relkind in ('r', 'p', 'v', 'm', 'f') and relname not like 'kysely%'`,
  );
  expect(rows.map((row) => row.relname).sort()).toEqual(Object.keys(tables).sort());
  expect(rows.filter((row) => !row.forced)).toEqual([]);
});

describe.each(Object.keys(others))('%s, with no access check in the way', (who) => {
  test.each(Object.keys(tables))('reads, changes, deletes and adds nothing of the victim in %s', async (name) => {
    const table = tables[name] as (typeof tables)[string];
    const principal = others[who]?.() ?? null;
    const reads = (who === 'an administrator' && table.adminReads) || (who === 'another user' && table.usersRead);
    const key = /^\w+/.exec(table.theirs())?.[0] ?? '1';
    const seen = await attempt(principal, `select ${key === 'true' ? '1' : key} from ${name} where ${table.theirs()}`);
    if (reads) expect(seen).toBe(1);
    else expect(nothing).toContain(seen);
    if (reads && table.adminChanges) return;
    expect(nothing).toContain(await attempt(principal, `update ${name} set ${table.change} where ${table.theirs()}`));
    if (!(reads && name === 'one_time_tokens')) {
      expect(nothing).toContain(await attempt(principal, `delete from ${name} where ${table.theirs()}`));
    }
    expect(await attempt(principal, `insert into ${name} ${table.row()}`)).toBe(refused);
  });
});

/** Not by those whose they are either. */
const seenByNobody = [
  'generation_leftovers',
  'try_out',
  'pods',
  'pod_use',
  'passwords',
  'renewal_tokens',
  'one_time_tokens',
  'blobs',
  'stored_blobs',
  'stored_parts',
  'storage_place',
  'published_pictures',
  'storage_leftovers',
  'storage_checks',
  'storage_faults',
  'instance',
  'photo_search',
  'audit_log',
];

test('the victim sees those very rows, so that the tests above look where something is', async () => {
  for (const [name, { theirs }] of Object.entries(tables)) {
    if (seenByNobody.includes(name)) continue;
    const key = /^\w+/.exec(theirs())?.[0];
    expect(await attempt(victim.principal, `select ${key} from ${name} where ${theirs()}`), name).toBe(1);
  }
  const { rows } = await outside.query(
    `select (select count(*) from passwords)::int as passwords, (select count(*) from one_time_tokens)::int as tokens`,
  );
  expect(rows[0]).toEqual({ passwords: 3, tokens: 1 });
});

test('what is searched through is seen by its owner, and only as far as it is searched for', async () => {
  const look = async (principal: Principal, search: string): Promise<number> => {
    const client = await database.pool.connect();
    try {
      await client.query('begin');
      await setPrincipal(client, principal);
      await client.query(`select set_config('app.search', $1, true)`, [search]);
      return (await client.query('select photo_id from photo_search')).rowCount ?? 0;
    } finally {
      await client.query('rollback');
      client.release();
    }
  };
  const { rows } = await outside.query('select search_term($1, $2) as term', [victim.id, 'victim']);
  expect(await look(victim.principal, rows[0].term)).toBe(1);
  expect(await look(victim.principal, '')).toBe(0);
  expect(await look(victim.principal, `!${rows[0].term}`)).toBe(0);
  for (const principal of [anonymous, stranger.principal, admin.principal]) {
    for (const search of [rows[0].term, `!${rows[0].term}`]) {
      expect(await look(principal, search)).toBe(principal === anonymous || search === rows[0].term ? 0 : 1);
    }
  }
});

test('a row cannot be given to or taken for somebody else', async () => {
  expect(await attempt(stranger.principal, `update photos set owner_id = '${victim.id}'`)).toBe(refused);
  expect(await attempt(stranger.principal, `update uploads set owner_id = '${victim.id}'`)).toBe(refused);
  expect(await attempt(stranger.principal, `update uploads set photo_id = '${victim.photo}'`)).toBe(refused);
  expect(await attempt(stranger.principal, `update uploads set photo_id = '${uuidv7()}'`)).toBe(refused);
});

describe('the login of the server', () => {
  test.each([
    ['becomes the owner', () => `set role ${owner.user}`],
    ['starts a session as the owner', () => `set session authorization ${owner.user}`],
    ['makes itself a superuser', () => `alter role ${app.user} superuser`],
    ['lets itself bypass', () => `alter role ${app.user} bypassrls`],
    ['makes a role', () => 'create role tintype_climber'],
    ['switches row-level security off', () => 'alter table photos disable row level security'],
    ['frees itself by the owner’s privilege', () => 'alter table photos no force row level security'],
    ['adds a policy', () => 'create policy open on photos using (true)'],
    ['drops a policy', () => 'drop policy own on photos'],
    ['empties a table', () => 'truncate photos'],
    [
      'replaces a function',
      () => `create or replace function app_is_admin() returns boolean language sql as 'select true'`,
    ],
    ['adds a table to the schema', () => 'create table more (id int)'],
    [
      'adds a trigger',
      () => 'create trigger t after insert on photos for each row execute function announce_account_change()',
    ],
    ['reads the secret', () => 'select secret from instance'],
    ['reads password hashes', () => 'select hash from passwords'],
    ['reads hashes of sessions', () => 'select token_hash from sessions'],
    ['reads whole rows of sessions', () => 'select * from sessions'],
    ['reads hashes of API keys', () => 'select key_hash from api_keys'],
    ['reads hashes of links', () => 'select token_hash from one_time_tokens'],
    ['reads hashes of shared links', () => 'select key_hash from shared_links'],
    ['reads passwords of shared links', () => 'select password_hash from shared_links'],
    ['counts views of its own', () => 'update shared_links set views = 0'],
    ['takes another key for a link', () => `update shared_links set key_hash = sha256('x')`],
    ['makes a link show something else', () => 'update shared_links set photo_id = null, album_id = null'],
    ['makes itself an administrator', () => `update users set role = 'admin'`],
    ['enables an account', () => 'update users set disabled_at = null'],
    ['adds an account without the door', () => `insert into users (id, username) values ('${uuidv7()}', 'x')`],
    ['reads a file of the server', () => `select pg_read_file('PG_VERSION')`],
    ['runs a program', () => `copy (select 1) to program 'true'`],
    ['stops the triggers', () => 'set session_replication_role = replica'],
  ])('never %s', async (_, text) => {
    expect(await attempt(victim.principal, text())).toBe(refused);
  });

  test('cannot look past the policies by switching them off for itself', async () => {
    const client = await database.pool.connect();
    try {
      await client.query('begin; set local row_security = off');
      await expect(client.query('select id from photos')).rejects.toMatchObject({ code: refused });
    } finally {
      await client.query('rollback');
      client.release();
    }
  });

  test('cannot put tables of its own in the way of the functions that run as the owner', async () => {
    const client = await database.pool.connect();
    try {
      await client.query('begin');
      await setPrincipal(client, stranger.principal);
      await client.query(`create temporary table users (id uuid, role text, disabled_at timestamptz)`);
      await client.query(`insert into pg_temp.users values ($1, 'admin', null)`, [stranger.id]);
      await client.query('grant select on pg_temp.users to public');
      expect((await client.query('select app_is_admin() as is')).rows).toEqual([{ is: false }]);
    } finally {
      await client.query('rollback');
      client.release();
    }
  });
});

describe('functions that run as the owner', () => {
  const call = async (principal: Principal, text: string): Promise<unknown[]> => {
    const client = await database.pool.connect();
    try {
      await client.query('begin');
      await setPrincipal(client, principal);
      const { rows } = await client.query({ text, rowMode: 'array' });
      await client.query('commit');
      return rows.map((row) => (row.length === 1 ? row[0] : row));
    } catch (error) {
      await client.query('rollback');
      return [(error as { code?: string }).code];
    } finally {
      client.release();
    }
  };
  const outsiders = () => [
    anonymous,
    { kind: 'link', id: victim.id } as const,
    { kind: 'link', id: admin.id } as const,
  ];
  const state = async () =>
    (await outside.query('select id, username, role, disabled_at from users order by id')).rows.concat(
      (await outside.query('select user_id, hash from passwords order by user_id')).rows,
      (await outside.query('select id, last_used_at from sessions order by id')).rows,
      (await outside.query('select id, last_used_at from api_keys order by id')).rows,
      (await outside.query('select id, used_at from one_time_tokens order by id')).rows,
      (await outside.query('select owner_id, quota_bytes, quota_photos from usage order by 1')).rows,
      (await outside.query('select id, action from audit_log order by 1')).rows,
    );

  test('are the ones that are tried here; each searches temporary tables last', async () => {
    const { rows } = await outside.query(
      `select p.proname, p.proconfig::text from pg_proc p
       where p.pronamespace = 'public'::regnamespace and p.prosecdef order by 1`,
    );
    expect(rows.map((row) => row.proname)).toEqual([
      'accept_organization_invitation',
      'add_album_member',
      'album_people',
      'announce_account_change',
      'announce_album_changes',
      'announce_album_contents',
      'announce_cancelled',
      'announce_generation',
      'announce_generation_change',
      'announce_link_changes',
      'announce_membership',
      'announce_organization_change',
      'announce_own_account',
      'announce_photo_change',
      'announce_photo_updates',
      'announce_photos',
      'announce_picture',
      'announce_pin',
      'announce_sessions',
      'announce_upload',
      'announce_work',
      'app_administers',
      'app_is_admin',
      'app_joined_organization',
      'app_link',
      'app_link_album',
      'app_link_photo',
      'app_sees_album',
      'change_organization',
      'change_own_password',
      'consume_reset',
      'count_link_view',
      'count_photos',
      'create_organization',
      'create_user',
      'delete_account',
      'delete_organization',
      'end_organization_invitation',
      'find_api_key',
      'find_avatar',
      'find_grant',
      'find_imported',
      'find_link',
      'find_login',
      'find_person',
      'find_picture',
      'find_published',
      'find_session',
      'find_storage',
      'forget_album',
      'forget_organization',
      'has_users',
      'import_organization',
      'import_person',
      'index_album_photos',
      'index_photos',
      'inherit_organization',
      'invite_to_organization',
      'is_public_picture',
      'is_shown_picture',
      'keeper_of_aside',
      'leave_batch',
      'leave_image',
      'leave_step',
      'link_password_hash',
      'link_people',
      'maker_is_admin',
      'open_organization_invitations',
      'organization_people',
      'organization_size',
      'own_organization_invitations',
      'own_password_hash',
      'password_forms',
      'published_totals',
      'raise_over_quota',
      'record_audit',
      'record_blob',
      'record_picture',
      'record_published',
      'refuse_over_quota',
      'register_user',
      'rehash_own_password',
      'remove_album_member',
      'remove_organization_member',
      'renew_session',
      'request_reset',
      'require_place',
      'require_room',
      'seconds_per_picture',
      'set_account_state',
      'set_album_role',
      'set_organization_logo',
      'set_organization_role',
      'set_quota',
      'settle_storage',
      'shown_pictures',
      'sole_owner',
      'steps_ahead',
      'steps_waiting',
      'storage_totals',
      'sweep_audit',
      'sweep_credentials',
      'sweep_search_words',
      'touch_albums',
      'touch_credentials',
      'try_out_allowed',
      'unpublished_pictures',
    ]);
    expect(rows.filter((row) => row.proconfig !== '{"search_path=public, pg_temp"}')).toEqual([]);
  });

  test('do nothing for those who are nobody, and nothing to others for those who are somebody', async () => {
    const before = await state();
    for (const principal of [...outsiders(), stranger.principal]) {
      const who = JSON.stringify(principal);
      expect(await call(principal, `select app_is_admin()`), who).toEqual([false]);
      expect(await call(principal, `select find_link(sha256('guess'))`), who).toEqual([]);
      expect(await call(principal, `select app_link()`), who).toEqual([]);
      expect(await call(principal, `select app_link_album()`), who).toEqual([null]);
      expect(await call(principal, `select app_link_photo()`), who).toEqual([null]);
      expect(await call(principal, `select link_password_hash()`), who).toEqual([null]);
      expect(await call(principal, `select link_people()`), who).toEqual([]);
      expect(await call(principal, `select count_link_view()`), who).toEqual([false]);
      expect(await call(principal, `select set_account_state('${victim.id}', 'admin', false)`), who).toEqual([false]);
      expect(await call(principal, `select set_account_state('${victim.id}', null, true)`), who).toEqual([false]);
      expect(await call(principal, `select set_account_state('${stranger.id}', 'admin', null)`), who).toEqual([false]);
      expect(await call(principal, `select delete_account('${victim.id}')`), who).toEqual([false]);
      expect(await call(principal, `select set_quota('${victim.id}', '{"quota_bytes":0}')`), who).toEqual([false]);
      expect(await call(principal, `select create_user('${uuidv7()}', 'late', null, 'admin', 'x')`), who).toEqual([
        false,
      ]);
      expect(await call(principal, `select import_person('${uuidv7()}', 'late', null, null, 'x', null)`), who).toEqual([
        false,
      ]);
      expect(await call(principal, `select import_organization('${uuidv7()}', 'late')`), who).toEqual([false]);
      expect(await call(principal, `select keeper_of_aside('earlier')`), who).toEqual([null]);
      await call(principal, `select rehash_own_password('another hash', 'taken')`);
      expect(await call(principal, `select find_imported('earlier', 'photo', 'aside/victim')`), who).toEqual([null]);
      expect(await call(principal, `select renew_session(sha256('guess'), sha256('x'), sha256('y'), 60)`), who).toEqual(
        [],
      );
      // Neither half opens anything without the other.
      expect(
        await call(
          principal,
          `select renew_session('\\x${hashOf('renewal of victim').toString('hex')}', sha256('guess'), sha256('y'), 60)`,
        ),
        who,
      ).toEqual([]);
      expect(await call(principal, `select steps_ahead('${victim.id}')`), who).toEqual([]);
      expect(await call(principal, `select sweep_audit(0)`), who).toEqual([refused]);
      expect(await call(principal, `select storage_totals()`), who).toEqual([refused]);
      // Settled once, it stays where it is until somebody moves it who may.
      await call(principal, `select settle_storage('s3')`);
      expect(await call(principal, `select driver from find_storage()`), who).toEqual(['files']);
      expect(await call(principal, `select require_place('s3')`), who).toEqual(['TT020']);
      for (const ask of [
        `is_shown_picture(sha256('x'))`,
        `is_public_picture(sha256('x'))`,
        'shown_pictures()',
        `unpublished_pictures('x')`,
        `published_totals('x')`,
      ])
        expect(await call(principal, `select ${ask}`), `${who}: ${ask}`).toEqual([refused]);
      expect(await call(principal, `select variant from find_published('x', sha256('x'))`), who).toEqual([]);
      expect(await call(principal, `select find_picture('profile', '${victim.id}')`), who).toEqual([null]);
      expect(await call(principal, `select find_avatar(sha256('victim@people.example'))`), who).toEqual([null]);
      // The victim has room for nothing, and nobody else can find that out.
      expect(await call(principal, `select require_room('${victim.id}', 1e12::bigint, 1)`), who).toEqual(['']);
      expect(await call(principal, `select find_session(sha256('guess'))`), who).toEqual([]);
      expect(
        await call(principal, `select find_session('\\x${Buffer.from(victim.session).toString('hex')}')`),
        who,
      ).toEqual([]);
      expect(await call(principal, `select find_api_key(sha256('guess'))`), who).toEqual([]);
      expect(await call(principal, `select find_grant('${uuidv7()}', '${victim.id}')`), who).toEqual([]);
      expect(await call(principal, `select find_grant('${victim.session}', '${stranger.id}')`), who).toEqual([]);
      expect(await call(principal, `select find_grant('${victim.key}', '${stranger.id}')`), who).toEqual([]);
      expect(await call(principal, `select consume_reset(sha256('guess'), 'taken')`), who).toEqual([null]);
      expect(
        await call(principal, `select request_reset('${uuidv7()}', 'nobody@people.example', sha256('x'), now())`),
        who,
      ).toEqual([]);
      expect(
        await call(principal, `select register_user('${uuidv7()}', 'late', null, 'x', true, false, sha256('guess'))`),
        who,
      ).toEqual(['TT002']);
      await call(principal, `select sweep_credentials()`);
      await call(principal, `select sweep_search_words()`);
      await call(
        principal,
        `select touch_credentials(array[sha256('guess'), '\\x${victim.session.replaceAll('-', '')}'])`,
      );
    }
    for (const principal of outsiders()) {
      const who = JSON.stringify(principal);
      expect(await call(principal, `select own_password_hash()`), who).toEqual([null]);
      expect(await call(principal, `select record_blob(sha256('x'), 1, 'files', '[]')`), who).toEqual([refused]);
      expect(await call(principal, `select record_picture(sha256('x'), 1, 'files', '[]')`), who).toEqual([refused]);
      expect(await call(principal, `select record_published('x', sha256('x'), '[]')`), who).toEqual([refused]);
      expect(await call(principal, `select create_organization('${uuidv7()}', 'x', null, 'members')`), who).toEqual([
        refused,
      ]);
      expect(await call(principal, `select delete_account('${victim.id}')`), who).toEqual([false]);
      await call(principal, `select change_own_password('taken', null)`);
      await call(principal, `select rehash_own_password('a hash', 'taken')`);
    }
    expect(await state()).toEqual(before);
  });

  test('let nobody into an album but by its owner, who takes out, and by oneself, who leaves', async () => {
    const members = async () =>
      (await outside.query('select user_id, resource_id, role from memberships order by 1, 2')).rows;
    const before = await members();
    const { album } = victim;
    for (const principal of [...outsiders(), stranger.principal, admin.principal]) {
      const who = JSON.stringify(principal);
      for (const id of [stranger.id, victim.id]) {
        expect(await call(principal, `select add_album_member('${album}', '${id}', 'viewer')`), who).toEqual([false]);
        expect(await call(principal, `select set_album_role('${album}', '${id}', 'contributor')`), who).toEqual([
          false,
        ]);
        expect(await call(principal, `select remove_album_member('${album}', '${id}')`), who).toEqual([false]);
      }
      expect(await call(principal, `select app_sees_album('${album}')`), who).toEqual([false]);
      expect(await call(principal, `select album_people('${album}')`), who).toEqual([]);
    }
    for (const principal of outsiders()) {
      expect(await call(principal, `select find_person('victim')`), JSON.stringify(principal)).toEqual([]);
    }
    expect(await call(victim.principal, `select add_album_member('${album}', '${stranger.id}', 'owner')`)).toEqual([
      false,
    ]);
    expect(await members()).toEqual(before);
  });

  test('let nobody into an organization, or at it, but those who administer it', async () => {
    const rows = async () =>
      (await outside.query('select * from memberships order by 1, 2, 3')).rows.concat(
        (await outside.query('select * from organizations order by 1')).rows,
        (await outside.query('select * from organization_invitations order by 1, 2')).rows,
      );
    const before = await rows();
    const { organization } = victim;
    for (const principal of [...outsiders(), stranger.principal]) {
      const who = JSON.stringify(principal);
      for (const { id } of [stranger, victim]) {
        for (const [name, outcome] of [
          [`invite_to_organization('${organization}', '${id}', 'admin')`, 'refused'],
          [`set_organization_role('${organization}', '${id}', 'member')`, false],
          [`end_organization_invitation('${admin.organization}', '${victim.id}')`, false],
        ] as const) {
          expect(await call(principal, `select ${name}`), `${who} ${name}`).toEqual([outcome]);
        }
      }
      for (const [name, outcome] of [
        [`remove_organization_member('${organization}', '${victim.id}')`, [false]],
        [`change_organization('${organization}', '{"name":"taken"}')`, [false]],
        [`set_organization_logo('${organization}', null)`, [false]],
        [`delete_organization('${organization}')`, [false]],
        [`accept_organization_invitation('${admin.organization}')`, [null]],
        [`app_administers('${organization}')`, [false]],
        [`app_joined_organization('${organization}')`, [false]],
        [`organization_people('${organization}')`, []],
        [`organization_size('${organization}')`, [0]],
        [`open_organization_invitations('${admin.organization}')`, []],
        [`own_organization_invitations()`, []],
      ] as const) {
        expect(await call(principal, `select ${name}`), `${who} ${name}`).toEqual(outcome);
      }
    }
    expect(await rows()).toEqual(before);
  });

  test('take the actor of the log from the principal, and write down nobody who is none', async () => {
    const record = `select record_audit('sign_in', 'user', '${victim.id}', '{"actor_id":"${victim.id}"}', null)`;
    for (const principal of [...outsiders(), stranger.principal]) {
      expect(await call(principal, record)).toEqual(['']);
      const { rows } = await outside.query(
        'select actor_kind, actor_id, actor_name, subject_name from audit_log order by id desc limit 1',
      );
      expect(rows).toEqual([
        {
          actor_kind: principal.kind,
          actor_id: 'id' in principal ? principal.id : null,
          actor_name: principal === stranger.principal ? 'stranger' : null,
          subject_name: 'victim',
        },
      ]);
    }
    expect(await attempt(null, record)).toBe(refused);
    // Not even the system forgets what was done this week.
    const { rows: before } = await outside.query('select count(*)::int as n from audit_log');
    await asSystem(database, (tx) => sql`select sweep_audit(0)`.execute(tx));
    expect((await outside.query('select count(*)::int as n from audit_log')).rows).toEqual(before);
  });

  test('let nobody lend a foreign photo another type', async () => {
    const lent = `select record_blob('\\x${victim.hash.toString('hex')}', 10, 'files',
      '[{"variant":"small","mime_type":"text/html","bytes":1,"width":1,"height":1}]')`;
    expect(await call(stranger.principal, lent)).toEqual(['23514']);
  });

  test('trigger functions cannot be called by themselves', async () => {
    for (const name of [
      'announce_account_change',
      'announce_photo_change',
      'announce_picture',
      'announce_organization_change',
      'inherit_organization',
      'forget_organization',
      'count_photos',
      'index_photos',
      'refuse_over_quota',
    ]) {
      expect(await call(stranger.principal, `select ${name}()`)).toEqual(['0A000']);
    }
  });

  test('let a credential that is shown be kept awake', async () => {
    const before = await outside.query('select last_used_at from sessions where id = $1', [victim.session]);
    await call(anonymous, `select touch_credentials(array[sha256('session of victim')])`);
    const after = await outside.query('select last_used_at from sessions where id = $1', [victim.session]);
    expect(after.rows[0].last_used_at.getTime()).toBeGreaterThan(before.rows[0].last_used_at.getTime());
  });
});

describe.skipIf(!hasSuperuser)('the server does not start', () => {
  const refuse = async (login: object, finding: RegExp): Promise<void> => {
    const pool = new Pool({ ...login, max: 1 });
    try {
      const error = await requireRowLevelSecurity(pool).catch((thrown: unknown) => thrown);
      expect(error).toBeInstanceOf(IsolationError);
      expect((error as Error).message).toMatch(finding);
    } finally {
      await pool.end();
    }
  };

  test('under a superuser', () => refuse(owner, /may bypass row-level security/));

  test('under a login that may bypass row-level security', async () => {
    await refuse(await createLogin(owner, `bypassrls in role ${app.user}`), /may bypass row-level security/);
  });

  test('under a login that can become one that may', async () => {
    const bypassing = await createLogin(owner, 'bypassrls');
    await refuse(await createLogin(owner, `in role ${app.user}, ${bypassing.user}`), /can become .* which may bypass/);
  });

  test('under a login that may create roles', async () => {
    await refuse(await createLogin(owner, `createrole in role ${app.user}`), /may create roles/);
  });

  test('under a login that is a member of the owner', async () => {
    await refuse(await createLogin(owner, `in role ${app.user}, ${owner.user}`), /can become, the owner of table/);
  });

  test.each([
    ['disabled on', 'disable row level security', 'enable row level security'],
    ['not forced on', 'no force row level security', 'force row level security'],
  ])('while row-level security is %s a table', async (_, off, on) => {
    await run(owner, `alter table downloads ${off}`);
    await refuse(app, /not forced on table downloads/);
    await run(owner, `alter table downloads ${on}`);
  });

  test('with a table that nobody protected', async () => {
    await run(owner, 'create table forgotten (id uuid)');
    await refuse(app, /not forced on table forgotten/);
    await run(owner, 'drop table forgotten');
  });

  test('with a view that the login can read, which would run as its owner', async () => {
    await run(owner, `create view everybody as select * from photos`, `grant select on everybody to ${app.user}`);
    await refuse(app, /everybody/);
    await run(owner, 'drop view everybody');
  });

  test('while the login may put objects of its own beside ours', async () => {
    await run(owner, `grant create on schema public to public`);
    await refuse(app, /may put objects of its own/);
    await run(owner, `revoke create on schema public from public`);
  });

  test('with a policy that lets everybody see', async () => {
    await run(owner, 'create policy oops on users for select using (true)');
    await refuse(app, /nobody's behalf sees accounts/);
    await run(owner, 'drop policy oops on users');
  });

  test('and starts where all is well', async () => {
    await expect(requireRowLevelSecurity(database.pool)).resolves.toBeUndefined();
  });
});
