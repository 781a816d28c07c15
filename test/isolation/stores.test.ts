import { createHash } from 'node:crypto';
import type { Kysely } from 'kysely';
import { v7 as uuidv7 } from 'uuid';
import { beforeAll, describe, expect, test } from 'vitest';
import * as accounts from '#features/accounts/store.ts';
import * as photos from '#features/photos/store.ts';
import { anonymous, type Principal } from '#platform/database/principal.ts';
import { createTestApp } from '../app.ts';
import { createFixture, type Fixture } from './fixture.ts';

// Here the access check is skipped on purpose: the stores are called as their use-cases call them, by somebody else.
const app = await createTestApp();
let fixture: Fixture;
let before: string;

beforeAll(async () => {
  fixture = await createFixture(app);
  before = await fixture.rowsOf(fixture.victim);
});

// biome-ignore lint/suspicious/noExplicitAny: the stores of two features, each with tables of its own.
type Tx = Kysely<any>;
const page = { limit: 100, offset: 0 };
const victims = () => ({ owner: fixture.victim.person.id, ...fixture.victim.targets });
const none = { items: [], total: 0 };
const soon = () => new Date(Date.now() + 60_000);
const refused = 'refused';

/** Each function of the stores that names an owner or an id, aimed at the victim, and what it must come to. */
const aimed: Record<string, [run: (tx: Tx) => Promise<unknown>, outcome: unknown]> = {
  findPhoto: [(tx) => photos.findPhoto(tx, victims().photo), undefined],
  findPhotoDetail: [(tx) => photos.findPhotoDetail(tx, victims().photo), undefined],
  findUploadOf: [(tx) => photos.findUploadOf(tx, victims().owner, hashOfVictim()), undefined],
  listPhotos: [(tx) => photos.listPhotos(tx, victims().owner, {}, page), { items: [], next: null }],
  'listPhotos, searching': [
    (tx) => photos.listPhotos(tx, victims().owner, { q: 'canary' }, page),
    { items: [], next: null },
  ],
  countPhotos: [(tx) => photos.countPhotos(tx, victims().owner, {}), 0],
  'countPhotos, searching': [(tx) => photos.countPhotos(tx, victims().owner, { q: 'canary' }), 0],
  countMonths: [(tx) => photos.countMonths(tx, victims().owner, {}), []],
  'countMonths, searching': [(tx) => photos.countMonths(tx, victims().owner, { q: 'canary' }), []],
  listMonth: [(tx) => photos.listMonth(tx, victims().owner, '2024-06', {}), []],
  updatePhoto: [(tx) => photos.updatePhoto(tx, victims().photo, { caption: 'taken' }), undefined],
  trashPhotos: [(tx) => photos.trashPhotos(tx, victims().owner, { filter: {} }, new Date()), 0],
  setFavorite: [(tx) => photos.setFavorite(tx, victims().owner, { filter: {} }, true), 0],
  restorePhotos: [(tx) => photos.restorePhotos(tx, victims().owner, {}), 0],
  purgePhotos: [(tx) => photos.purgePhotos(tx, victims().owner, undefined), 0],
  listTrash: [(tx) => photos.listTrash(tx, victims().owner, page), none],
  findServable: [(tx) => photos.findServable(tx, victims().photo), undefined],
  selectForDownload: [(tx) => photos.selectForDownload(tx, victims().owner, { filter: {} }), []],
  listFiles: [(tx) => photos.listFiles(tx, victims().owner, [victims().photo]), []],
  insertDownload: [
    (tx) => photos.insertDownload(tx, { id: uuidv7(), owner_id: victims().owner, photo_ids: [], expires_at: soon() }),
    refused,
  ],
  findDownload: [(tx) => photos.findDownload(tx, victims().download), undefined],
  findUpload: [(tx) => photos.findUpload(tx, victims().upload), undefined],
  insertUpload: [
    (tx) =>
      photos.insertUpload(tx, { id: uuidv7(), owner_id: victims().owner, filename: 'x', bytes: 1, expires_at: soon() }),
    refused,
  ],
  settleUpload: [(tx) => photos.settleUpload(tx, victims().upload, { status: 'failed', error: '{}' }), undefined],
  deleteUpload: [(tx) => photos.deleteUpload(tx, victims().upload), undefined],
  findReceiving: [(tx) => photos.findReceiving(tx, [victims().upload]), new Set()],

  findUser: [(tx) => accounts.findUser(tx, victims().owner), undefined],
  findUserByName: [(tx) => accounts.findUserByName(tx, fixture.victim.person.username), undefined],
  updateProfile: [(tx) => accounts.updateProfile(tx, victims().owner, { display_name: 'taken' }), undefined],
  insertSession: [
    (tx) =>
      accounts.insertSession(tx, {
        id: uuidv7(),
        user_id: victims().owner,
        token_hash: Buffer.alloc(32),
        kind: 'token',
        user_agent: null,
        ip: null,
        expires_at: soon(),
      }),
    refused,
  ],
  listSessions: [(tx) => accounts.listSessions(tx, victims().owner, page), none],
  deleteSession: [(tx) => accounts.deleteSession(tx, victims().session), undefined],
  deleteOtherSessions: [(tx) => accounts.deleteOtherSessions(tx, victims().owner, uuidv7()), []],
  insertApiKey: [
    (tx) =>
      accounts.insertApiKey(tx, {
        id: uuidv7(),
        user_id: victims().owner,
        name: 'x',
        prefix: 'x',
        key_hash: Buffer.alloc(32),
        scopes: ['photos:read'],
        expires_at: null,
      }),
    refused,
  ],
  listApiKeys: [(tx) => accounts.listApiKeys(tx, victims().owner, page), none],
  deleteApiKey: [(tx) => accounts.deleteApiKey(tx, victims().api_key), undefined],
  setAccountState: [(tx) => accounts.setAccountState(tx, victims().owner, { disabled: true }), false],
  deleteAccount: [(tx) => accounts.deleteAccount(tx, victims().owner), false],
  insertOneTimeToken: [
    (tx) =>
      accounts.insertOneTimeToken(tx, {
        id: uuidv7(),
        kind: 'reset',
        token_hash: Buffer.alloc(32),
        user_id: victims().owner,
        created_by: victims().owner,
        expires_at: soon(),
      }),
    refused,
  ],
  listInvitations: [(tx) => accounts.listInvitations(tx, page), none],
  deleteInvitation: [(tx) => accounts.deleteInvitation(tx, victims().invitation), false],
  isGrantOfAnother: [(tx) => accounts.findGrant(tx, victims().session, fixture.stranger.id), undefined],
};

/** These reach nobody's rows by an id: they are doors by hash or login, or take locks, or make one's own. */
const doors = [
  'registerUser',
  'hasUsers',
  'findSoleOwner',
  'findLogin',
  'findSession',
  'findApiKey',
  'findGrant',
  'ownPasswordHash',
  'changeOwnPassword',
  'requestReset',
  'consumeReset',
  'touchCredentials',
  'sweepCredentials',
  'listUsers',
  'insertPhoto',
  'recordBlob',
  'lockBlobShared',
  'tryLockBlob',
  'lockUploadOf',
];

const hashOfVictim = (): Buffer => createHash('sha256').update(fixture.victim.bytes).digest();

const strangers: Record<string, () => Principal> = {
  'another user': () => ({ kind: 'user', id: fixture.stranger.id }),
  anonymous: () => anonymous,
  "a link with the victim's id": () => ({ kind: 'link', id: fixture.victim.person.id }),
};

test('every function of the stores is aimed at the victim here, or is a door that is tried beside the policies', () => {
  const exported = [...Object.keys(photos), ...Object.keys(accounts)];
  const named = new Set([...Object.keys(aimed).map((name) => name.split(',')[0]), ...doors]);
  expect(exported.filter((name) => !named.has(name))).toEqual([]);
});

describe.each(Object.keys(strangers))('the stores, called by %s', (who) => {
  test.each(Object.keys(aimed))('%s comes to nothing', async (name) => {
    const [run, outcome] = aimed[name] as (typeof aimed)[string];
    const principal = (strangers[who] as () => Principal)();
    const result = await app.database.database
      .as(principal, (tx) => run(tx as Tx))
      .catch((error: { code?: string }) => (error.code === '42501' ? refused : Promise.reject(error)));
    expect(result).toEqual(outcome);
  });
});

test('and nothing of the victim has changed', async () => {
  expect(await fixture.rowsOf(fixture.victim)).toBe(before);
});
