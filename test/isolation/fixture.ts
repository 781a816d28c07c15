import { randomBytes } from 'node:crypto';
import { type Kysely, sql } from 'kysely';
import { v7 as uuidv7 } from 'uuid';
import type { Principal } from '#platform/database/principal.ts';
import { type Credential, type Person, type TestApp, tinyPhoto } from '../app.ts';
import { createExpiringKey } from '../expiring-key.ts';
import { createLink } from '../links.ts';

export type CallerName =
  | 'anonymous'
  | 'owner'
  | 'stranger'
  | 'viewer'
  | 'contributor'
  | 'admin'
  | 'adminKey'
  | 'keyAccount'
  | 'keyRead'
  | 'keyWrite'
  | 'keyFull';
/** Credentials that were good once. */
export type DeadName = 'expiredKey' | 'revokedKey' | 'revokedSession' | 'disabledUser' | 'disabledKey' | 'unknown';
export type TargetKind =
  | 'photo'
  | 'trashed'
  | 'session'
  | 'api_key'
  | 'upload'
  | 'download'
  | 'user'
  | 'invitation'
  | 'job'
  | 'album'
  | 'smart_album'
  | 'link'
  | 'organization'
  /** One that everyone may see. */
  | 'open_organization'
  /** One of somebody else’s that they are asked to join. */
  | 'asked'
  | 'generation_session'
  /** One that is done, one that waits, and one whose picture was made and did not come; each has one picture, with its own id. */
  | 'step'
  | 'open_step'
  | 'lost_step'
  | 'template'
  /** Somebody who shows a picture, and an organization that shows one. */
  | 'pictured'
  | 'logoed';

/** What a request is made of. */
export interface Context {
  readonly person: Person;
  /** In the place of the ids: one, or an own and a foreign one. */
  readonly ids: readonly string[];
  /** The username of the account that is the target. */
  readonly targetName: string;
  /** A username that nobody has. */
  readonly name: string;
  /** An account that is nobody's concern. */
  readonly walkIn: { readonly username: string; readonly password: string };
  /** A picture that nobody has. */
  picture(): Promise<Buffer>;
  /** A photo of the caller's own; one of the owner's for a key, and for nobody. */
  readonly ownPhoto: string;
  /** The owner's photo that lies in each of the owner's albums. */
  readonly sharedPhoto: string;
  /** Who may look at the owner's albums, and who may add to them. */
  readonly viewer: Person;
  readonly contributor: Person;
  /** Who belongs to every organization that is made here, and who is asked to; they ask for nothing themselves. */
  readonly chorister: Person;
  readonly candidate: Person;
  /** What the victim has, for bodies that name it. */
  readonly victims: Readonly<Record<TargetKind, string>>;
}

/** Somebody with a row of every kind, each marked so that it is recognized wherever it turns up. */
export interface Resident {
  readonly person: Person;
  readonly principal: Principal & { kind: 'user' };
  /** Standing targets, which only refused requests name. */
  readonly targets: Readonly<Record<TargetKind, string>>;
  /** Who has an account here: an administrator may know. */
  readonly profile: readonly string[];
  /** What nobody else may ever see. */
  readonly secrets: readonly (string | Buffer)[];
  /** What those see besides who belong to the album; part of what nobody else sees. */
  readonly shared: readonly (string | Buffer)[];
  /** What those see who belong to the organization, the name first, which is all that who is asked to join sees. */
  readonly organizational: readonly string[];
  /** The original, byte for byte. */
  readonly bytes: Buffer;
  readonly etags: Readonly<Record<string, string>>;
}

export interface Fixture {
  readonly app: TestApp;
  readonly callers: Readonly<Record<CallerName, Person | Credential>>;
  readonly dead: Readonly<Record<DeadName, Credential>>;
  readonly owner: Resident;
  readonly victim: Resident;
  readonly admin: Person;
  readonly stranger: Person;
  readonly viewer: Person;
  readonly contributor: Person;
  readonly chorister: Person;
  readonly candidate: Person;
  /** A photo of their own for each who is no owner. */
  readonly photoOf: Readonly<Partial<Record<CallerName, string>>>;
  readonly walkIn: Context['walkIn'];
  /** A target of its own for a request that will be carried out. @returns its id, and an account's username */
  make(kind: TargetKind, resident: Resident): Promise<{ id: string; name: string }>;
  picture(): Promise<Buffer>;
  /** Every row that a resident can see, as text: equal before and after what must change nothing. */
  rowsOf(resident: Resident): Promise<string>;
}

type AnyTx = Kysely<unknown>;
let pictures = 1000;
const picture = (): Promise<Buffer> => {
  pictures += 1;
  return tinyPhoto(pictures);
};

/**
 * Fills a library with people, credentials and marked rows.
 * @param by the library's administrator, where it has one
 */
export async function createFixture(app: TestApp, by?: Person): Promise<Fixture> {
  const admin = await app.signUp();
  if (by) await app.request(by, 'PATCH', `/api/v1/users/${admin.id}`, { json: { role: 'admin' } });
  const people: Person[] = [];
  for (let i = 0; i < 9; i += 1) people.push(await app.signUp());
  const [ownerPerson, victimPerson, stranger, disabled, walkIn, viewer, contributor, chorister, candidate] = people as [
    Person,
    Person,
    Person,
    Person,
    Person,
    Person,
    Person,
    Person,
    Person,
  ];
  const members = { viewer, contributor };
  const choir = { chorister, candidate };

  const keyOf = async (person: Person, ...scopes: string[]) => (await app.createApiKey(person, scopes)).bearer;
  const callers: Fixture['callers'] = {
    anonymous: null,
    owner: ownerPerson,
    stranger,
    viewer,
    contributor,
    admin,
    adminKey: { bearer: await keyOf(admin, 'photos:read', 'photos:write', 'account:read') },
    keyAccount: { bearer: await keyOf(ownerPerson, 'account:read') },
    keyRead: { bearer: await keyOf(ownerPerson, 'photos:read') },
    keyWrite: { bearer: await keyOf(ownerPerson, 'photos:write') },
    keyFull: { bearer: await keyOf(ownerPerson, 'photos:read', 'photos:write', 'account:read') },
  };

  const [owner, victim] = [
    await settle(app, admin, ownerPerson, members, choir),
    await settle(app, admin, victimPerson, null, choir),
  ];
  const make: Fixture['make'] = async (kind, resident) => {
    const { person, principal, targets } = resident;
    // These stand: reading is all that is done to them.
    if (kind === 'pictured' || kind === 'logoed') return { id: targets[kind], name: person.username };
    const made = await makeTarget(app, admin, kind, person, principal);
    const membersOf = resident === owner ? members : null;
    if (kind === 'album') await fillAlbum(app, person, made.id, targets.photo, membersOf);
    if (isOrganization(kind)) await fillOrganization(app, person, made.id, membersOf, choir);
    if (kind === 'photo' || kind === 'trashed') await putInto(app, person, principal, targets.album, made.id);
    return made;
  };
  const upload = async (person: Person): Promise<string> => (await app.upload(person, await picture())).id;
  const adminsPhoto = await upload(admin);
  const photoOf = {
    admin: adminsPhoto,
    adminKey: adminsPhoto,
    stranger: await upload(stranger),
    viewer: await upload(viewer),
    contributor: await upload(contributor),
  };
  return {
    app,
    callers,
    dead: await makeDead(app, admin, ownerPerson, disabled),
    owner,
    victim,
    admin,
    stranger,
    viewer,
    contributor,
    chorister,
    candidate,
    photoOf,
    walkIn: { username: walkIn.username, password: walkIn.password },
    make,
    picture,
    rowsOf: (resident) => rowsOf(app, resident),
  };
}

/** Each of these was used while it was good, so that whatever the server remembers of it is remembered. */
async function makeDead(app: TestApp, admin: Person, owner: Person, disabled: Person): Promise<Fixture['dead']> {
  const use = async (credential: Person | Credential) => {
    const { status } = await app.request(credential, 'GET', '/api/v1/photos');
    if (status !== 200) throw new Error(`a credential that should be good was answered ${status}`);
  };
  const expiring = await createExpiringKey(app, owner, ['photos:read', 'photos:write', 'account:read'], use);
  const revoked = await app.createApiKey(owner, ['photos:read', 'photos:write', 'account:read']);
  const session = await app.signIn(owner);
  const disabledKey = await app.createApiKey(disabled, ['photos:read', 'photos:write', 'account:read']);
  for (const credential of [revoked, session, disabled, disabledKey]) await use(credential);

  await app.request(owner, 'DELETE', `/api/v1/api-keys/${revoked.id}`);
  await app.request(session, 'POST', '/api/v1/auth/logout');
  await app.request(admin, 'PATCH', `/api/v1/users/${disabled.id}`, { json: { disabled: true } });
  await expiring.ended();
  return {
    expiredKey: { bearer: expiring.key.bearer },
    revokedKey: { bearer: revoked.bearer },
    revokedSession: { bearer: session.bearer },
    disabledUser: { bearer: disabled.bearer },
    disabledKey: { bearer: disabledKey.bearer },
    unknown: { bearer: `tintype_${randomBytes(32).toString('base64url')}` },
  };
}

type Choir = { readonly chorister: Person; readonly candidate: Person };
type Members = { readonly viewer: Person; readonly contributor: Person };

async function settle(
  app: TestApp,
  admin: Person,
  person: Person,
  members: Members | null,
  choir: Choir,
): Promise<Resident> {
  const mark = () => `canary-${randomBytes(8).toString('hex')}`;
  const marks = {
    caption: mark(),
    filename: `${mark()}.jpg`,
    make: mark(),
    model: mark(),
    key: mark(),
    agent: mark(),
    upload: mark(),
    album: mark(),
    organization: mark(),
    charter: mark(),
    prompt: mark(),
    template: mark(),
  };
  const principal = { kind: 'user' as const, id: person.id };
  pictures += 1;
  const bytes = await tinyPhoto(pictures, {
    takenAt: '2024-06-14T09:30:00+02:00',
    camera: { make: marks.make, model: marks.model },
  });
  const photo = await app.upload(person, bytes, marks.filename);
  await app.request(person, 'PATCH', `/api/v1/photos/${photo.id}`, {
    json: { caption: marks.caption, image_type: 'profile', is_primary: true },
  });
  await app.request(person, 'PATCH', '/api/v1/me', { json: { display_name: `${person.username} in full` } });
  await app.request(person, 'POST', '/api/v1/api-keys', { json: { name: marks.key, scopes: ['photos:read'] } });
  await app.request(null, 'POST', '/api/v1/auth/login', {
    json: { username: person.username, password: person.password },
    headers: { 'user-agent': marks.agent, 'x-forwarded-for': person.ip },
  });
  const etags: Record<string, string> = {};
  for (const variant of ['original', 'preview', 'medium', 'small']) {
    const { headers } = await app.request(person, 'HEAD', `/api/v1/photos/${photo.id}/${variant}`);
    etags[variant] = String(headers.etag);
  }

  const target = async (kind: Parameters<typeof makeTarget>[2]) =>
    (await makeTarget(app, admin, kind, person, principal)).id;
  const targets = {
    photo: photo.id as string,
    trashed: await target('trashed'),
    session: await target('session'),
    api_key: await target('api_key'),
    upload: await target('upload'),
    download: await target('download'),
    user: person.id,
    invitation: await target('invitation'),
    job: await target('job'),
    album: await target('album'),
    smart_album: await target('smart_album'),
    link: await target('link'),
    organization: await target('organization'),
    open_organization: await target('open_organization'),
    asked: await target('asked'),
    generation_session: await target('generation_session'),
    step: await target('step'),
    open_step: await target('open_step'),
    lost_step: await target('lost_step'),
    template: await target('template'),
    pictured: person.id,
    logoed: await target('open_organization'),
  };
  for (const path of ['me/pictures/profile', `organizations/${targets.logoed}/logo`]) {
    const { status, text } = await app.request(person, 'PUT', `/api/v1/${path}`, { body: await picture() });
    if (status !== 200) throw new Error(`a picture was answered ${status}: ${text}`);
  }
  await app.request(person, 'PATCH', `/api/v1/templates/${targets.template}`, { json: { name: marks.template } });
  await say(app, principal, targets.generation_session, marks.prompt);
  const said = { name: marks.organization, description: marks.charter };
  await app.request(person, 'PATCH', `/api/v1/organizations/${targets.organization}`, { json: said });
  for (const kind of ['organization', 'open_organization'] as const) {
    await fillOrganization(app, person, targets[kind], members, choir);
  }
  await app.request(person, 'PATCH', `/api/v1/albums/${targets.album}`, { json: { name: marks.album } });
  await fillAlbum(app, person, targets.album, targets.photo, members);
  await putInto(app, person, principal, targets.album, targets.trashed);
  const shared = [marks.caption, marks.filename, marks.make, marks.model, marks.album];
  const bytesOf = [(etags.original ?? '').slice(1, 17), pixelsOf(bytes)];
  return {
    person,
    principal,
    targets,
    profile: [person.username, person.email],
    secrets: [...Object.values(marks), ...bytesOf],
    shared: [...shared, ...bytesOf],
    organizational: [marks.organization, marks.charter],
    bytes,
    etags,
  };
}

// A JPEG's tables come first and are the same in many; its end is of this picture alone.
const pixelsOf = (jpeg: Buffer): Buffer => jpeg.subarray(-60, -20);

/** Puts the owner's photo into an album, and people beside them. */
async function fillAlbum(
  app: TestApp,
  owner: Person,
  album: string,
  photo: string,
  members: Members | null,
): Promise<void> {
  await app.request(owner, 'POST', `/api/v1/albums/${album}/photos`, { json: { photo_ids: [photo] } });
  for (const [role, { username }] of Object.entries(members ?? {})) {
    await app.request(owner, 'POST', `/api/v1/albums/${album}/members`, { json: { username, role } });
  }
}

const isOrganization = (kind: TargetKind): boolean => kind === 'organization' || kind === 'open_organization';

/** To everybody's belongs the chorister, and the candidate is asked to; to the owner's the viewer and the contributor as well. */
async function fillOrganization(
  app: TestApp,
  admin: Person,
  id: string,
  members: Members | null,
  { chorister, candidate }: Choir,
): Promise<void> {
  const joining = [chorister, ...(members ? [members.viewer] : [])];
  const asked = [candidate, ...(members ? [members.contributor] : [])];
  for (const { username } of [...joining, ...asked]) {
    await app.request(admin, 'POST', `/api/v1/organizations/${id}/invitations`, { json: { username } });
  }
  for (const person of joining) await app.request(person, 'POST', `/api/v1/me/invitations/${id}/accept`);
}

const organizationsOf = new WeakMap<Person, string[]>();
const standingOrganizations = 5;

/** Those that were made for a request that was carried out go in time: one may administer fifty. */
async function makeOrganization(app: TestApp, admin: Person, visibility: 'members' | 'everyone'): Promise<string> {
  const made = organizationsOf.get(admin) ?? [];
  if (made.length > standingOrganizations + 10) {
    const [oldest] = made.splice(standingOrganizations, 1);
    await app.request(admin, 'DELETE', `/api/v1/organizations/${oldest}`);
  }
  const answer = await app.request(admin, 'POST', '/api/v1/organizations', { json: { name: 'made', visibility } });
  if (answer.status !== 201) throw new Error(`an organization was answered ${answer.status}: ${answer.text}`);
  const { id } = answer.json();
  organizationsOf.set(admin, [...made, id]);
  return id;
}

/** As a photo lies in an album that was put there before it went to the trash. */
async function putInto(app: TestApp, owner: Person, principal: Principal, album: string, photo: string): Promise<void> {
  await app.database.database.as(
    principal,
    (tx: AnyTx) =>
      sql`insert into album_photos (album_id, photo_id, album_owner_id, position, added_by)
        values (${album}, ${photo}, ${owner.id}, 100, ${owner.id})`.execute(tx) as Promise<unknown>,
  );
}

async function makeTarget(
  app: TestApp,
  admin: Person,
  kind: Exclude<TargetKind, 'pictured' | 'logoed'>,
  person: Person,
  principal: Principal,
): Promise<{ id: string; name: string }> {
  const id = uuidv7();
  const insert = async (as: Principal, statement: ReturnType<typeof sql>) => {
    await app.database.database.as(as, (tx: AnyTx) => statement.execute(tx) as Promise<unknown>);
    return { id, name: '' };
  };
  const hash = randomBytes(32);
  const later = new Date(Date.now() + 3_600_000);
  switch (kind) {
    case 'photo':
    case 'trashed':
      // The same bytes once more: as another photo of the same owner's, which nothing forbids.
      return insert(
        principal,
        sql`insert into photos (id, owner_id, blob_hash, filename, mime_type, bytes, width, height, taken_at, taken_from, caption, deleted_at)
          select ${id}, owner_id, blob_hash, filename, mime_type, bytes, width, height, taken_at, taken_from, caption,
            ${kind === 'trashed' ? new Date() : null}::timestamptz
          from photos where owner_id = ${person.id} order by id limit 1`,
      );
    case 'session':
      return insert(
        principal,
        sql`insert into sessions (id, user_id, token_hash, kind, expires_at) values (${id}, ${person.id}, ${hash}, 'token', ${later})`,
      );
    case 'api_key':
      return insert(
        principal,
        sql`insert into api_keys (id, user_id, name, prefix, key_hash, scopes) values (${id}, ${person.id}, 'made', 'tintype_', ${hash}, '{photos:read}')`,
      );
    case 'download':
      return insert(
        principal,
        sql`insert into downloads (id, owner_id, photo_ids, expires_at)
          select ${id}, ${person.id}, array_agg(id), ${later} from photos where owner_id = ${person.id}`,
      );
    case 'upload': {
      const { headers } = await app.request(person, 'POST', '/api/v1/uploads', {
        headers: { 'tus-resumable': '1.0.0', 'upload-length': '1000' },
      });
      return { id: String(headers.location).split('/').at(-1) ?? '', name: '' };
    }
    case 'user': {
      const somebody = await app.signUp();
      return { id: somebody.id, name: somebody.username };
    }
    case 'album':
    case 'smart_album':
      return insert(
        principal,
        sql`insert into albums (id, owner_id, name, filter)
          values (${id}, ${person.id}, 'made', ${kind === 'album' ? null : '{}'}::jsonb)`,
      );
    case 'link': {
      const photo = await app.request(person, 'GET', '/api/v1/photos?limit=1');
      return { id: (await createLink(app, person, { photo_id: photo.json().items[0].id })).id, name: '' };
    }
    case 'organization':
    case 'open_organization': {
      const visibility = kind === 'organization' ? 'members' : 'everyone';
      return { id: await makeOrganization(app, person, visibility), name: '' };
    }
    case 'asked': {
      const organization = await makeOrganization(app, admin, 'members');
      const json = { username: person.username };
      await app.request(admin, 'POST', `/api/v1/organizations/${organization}/invitations`, { json });
      return { id: organization, name: '' };
    }
    case 'generation_session':
      return insert(
        principal,
        sql`insert into generation_sessions (id, owner_id, entry_type) values (${id}, ${person.id}, 'scratch')`,
      );
    case 'step':
    case 'open_step':
    case 'lost_step': {
      await insertStep(app, { kind: 'user', id: person.id }, id, kind);
      return { id, name: '' };
    }
    case 'template':
      return insert(
        principal,
        sql`insert into prompt_templates (id, owner_id, name, prompt_text) values (${id}, ${person.id}, 'made', 'a lake')`,
      );
    case 'job':
      // One that failed on something of theirs, as the queue keeps it.
      return insert(
        principal,
        sql`insert into pgboss.job (id, name, state, data, output)
          values (${id}, 'photos.sweep-blobs', 'failed', ${JSON.stringify({ hash: hash.toString('hex') })}::jsonb, '{"message":"It failed"}')`,
      );
    case 'invitation':
      return insert(
        { kind: 'user', id: admin.id },
        sql`insert into one_time_tokens (id, kind, token_hash, created_by, expires_at) values (${id}, 'invitation', ${hash}, ${admin.id}, ${later})`,
      );
  }
}

/** A step in a session of its own, with one picture that has the step's id. Nobody takes it up: it is due in a hundred years. */
async function insertStep(
  app: TestApp,
  principal: Principal & { kind: 'user' },
  id: string,
  kind: 'step' | 'open_step' | 'lost_step',
): Promise<void> {
  const owner = principal.id;
  const session = uuidv7();
  const status = { step: 'completed', open_step: 'pending', lost_step: 'failed' }[kind];
  await app.database.database.as(principal, async (tx: AnyTx) => {
    await sql`insert into generation_sessions (id, owner_id, entry_type) values (${session}, ${owner}, 'scratch')`.execute(
      tx,
    );
    await sql`
      insert into generation_steps (id, owner_id, session_id, position, prompt, parameters, model_key, model_hash, model_name,
        model_base, backend, batch_id, correlation_id, status, due_at)
      values (${id}, ${owner}, ${session}, 1, 'a lake', ${JSON.stringify(parametersOfStep)}::jsonb, 'key', 'hash', 'none', 'none',
        'painter', ${uuidv7()}, 'none', ${status}, now() + interval '100 years')`.execute(tx);
    await sql`
      insert into step_alternatives (id, owner_id, step_id, n, seed, retrieval_status, image, settled_at)
      values (${id}, ${owner}, ${id}, 0, 1, ${status}, ${kind === 'lost_step' ? 'picture.png' : null},
        ${kind === 'open_step' ? null : new Date()}::timestamptz)`.execute(tx);
    if (kind === 'open_step') {
      await sql`
        insert into alternative_progress (alternative_id, owner_id, done, preview)
        values (${id}, ${owner}, 0.5, ${Buffer.from('preview')})`.execute(tx);
    }
    if (kind !== 'step') return;
    await sql`
      insert into photos (id, owner_id, blob_hash, filename, mime_type, bytes, width, height, taken_at, taken_from, kind)
      select ${id}, owner_id, blob_hash, filename, mime_type, bytes, width, height, taken_at, taken_from, 'generated'
      from photos where owner_id = ${owner} order by id limit 1`.execute(tx);
  });
}

const parametersOfStep = {
  model_key: 'key',
  model_hash: 'hash',
  width: 256,
  height: 256,
  steps: 1,
  cfg_scale: 1,
  scheduler: 'euler',
  batch_size: 1,
  seed: 1,
};

/** Gives a session a first step, which it is called by. */
async function say(
  app: TestApp,
  principal: Principal & { kind: 'user' },
  session: string,
  prompt: string,
): Promise<void> {
  await app.database.database.as(
    principal,
    (tx: AnyTx) =>
      sql`
        insert into generation_steps (id, owner_id, session_id, position, prompt, parameters, model_key, model_hash, model_name,
          model_base, backend, batch_id, correlation_id, status)
        values (${uuidv7()}, ${principal.id}, ${session}, 1, ${prompt}, ${JSON.stringify(parametersOfStep)}::jsonb, 'key', 'hash',
          'none', 'none', 'painter', ${uuidv7()}, 'none', 'completed')`.execute(tx) as Promise<unknown>,
  );
}

async function rowsOf(app: TestApp, { principal, targets }: Resident): Promise<string> {
  const { id } = principal;
  const organizations = [targets.organization, targets.open_organization, targets.logoed];
  return app.database.database.as(principal, async (tx: AnyTx) => {
    const { rows } = await sql`
      select (select jsonb_agg(u) from users u where u.id = ${id}) as users,
        (select jsonb_agg(p order by p.id) from photos p where owner_id = ${id}) as photos,
        (select jsonb_agg(s.id order by s.id) from sessions s where user_id = ${id}) as sessions,
        (select jsonb_agg(k.id order by k.id) from api_keys k where user_id = ${id}) as keys,
        (select jsonb_agg(u order by u.id) from uploads u where owner_id = ${id}) as uploads,
        (select jsonb_agg(d order by d.id) from downloads d where owner_id = ${id}) as downloads,
        (select jsonb_agg(a order by a.id) from albums a where owner_id = ${id}) as albums,
        (select jsonb_agg(ap order by ap.album_id, ap.photo_id) from album_photos ap where album_owner_id = ${id}) as album_photos,
        (select jsonb_agg(l.id || ' ' || l.views || coalesce(l.revoked_at::text, '') order by l.id) from shared_links l
          where owner_id = ${id}) as links,
        (select jsonb_agg(o order by o.id) from organizations o where id = any(${organizations})) as organizations,
        (select jsonb_agg(m order by m.resource_id) from memberships m where m.resource_id = any(${organizations})) as memberships,
        (select jsonb_agg(i order by i.organization_id) from organization_invitations i where user_id = ${id}) as asked,
        (select jsonb_agg(s order by s.id) from generation_sessions s where owner_id = ${id}) as generation_sessions,
        (select jsonb_agg(s order by s.id) from generation_steps s where owner_id = ${id}) as steps,
        (select jsonb_agg(a order by a.id) from step_alternatives a where owner_id = ${id}) as alternatives,
        (select jsonb_agg(t order by t.id) from prompt_templates t where owner_id = ${id}) as templates,
        (select jsonb_agg(s) from generation_settings s where owner_id = ${id}) as settings,
        (select jsonb_agg(g) from usage g where owner_id = ${id}) as usage`.execute(tx);
    return JSON.stringify(rows, null, 1);
  });
}
