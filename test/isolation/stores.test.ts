import { createHash } from 'node:crypto';
import type { Kysely } from 'kysely';
import { v7 as uuidv7 } from 'uuid';
import { beforeAll, describe, expect, test } from 'vitest';
import * as accounts from '#features/accounts/store.ts';
import * as albums from '#features/albums/store.ts';
import * as audit from '#features/audit/store.ts';
import * as leftovers from '#features/generation/leftover-store.ts';
import * as models from '#features/generation/model-store.ts';
import * as pods from '#features/generation/pod-store.ts';
import * as sessions from '#features/generation/session-store.ts';
import * as studioSettings from '#features/generation/settings-store.ts';
import * as steps from '#features/generation/step-store.ts';
import * as templates from '#features/generation/template-store.ts';
import * as tryOut from '#features/generation/try-store.ts';
import * as work from '#features/generation/work-store.ts';
import * as imports from '#features/imports/store.ts';
import * as operation from '#features/operation/store.ts';
import * as organizations from '#features/organizations/store.ts';
import * as browsing from '#features/photos/browse-store.ts';
import * as downloads from '#features/photos/download-store.ts';
import * as made from '#features/photos/made-store.ts';
import * as statistics from '#features/photos/statistics-store.ts';
import * as photos from '#features/photos/store.ts';
import * as suggestions from '#features/photos/suggestion-store.ts';
import * as tags from '#features/photos/tag-store.ts';
import * as trash from '#features/photos/trash-store.ts';
import * as uploads from '#features/photos/upload-store.ts';
import * as pictures from '#features/pictures/store.ts';
import * as guests from '#features/sharing/guest-store.ts';
import * as sharing from '#features/sharing/store.ts';
import { asSystem } from '#platform/database/as-system.ts';
import { anonymous, type Principal } from '#platform/database/principal.ts';
import type { LinkCaller } from '#platform/http/caller.ts';
import { createTestApp } from '../app.ts';
import { createFixture, type Fixture } from './fixture.ts';

// Here the access check is skipped on purpose: the stores are called as their use-cases call them, by somebody else.
const app = await createTestApp();
let fixture: Fixture;
let before: string;

beforeAll(async () => {
  fixture = await createFixture(app);
  const files = [{ variant: 'picture', sha256: hashOfVictim().toString('hex'), bytes: 1 }] as const;
  await app.database.database.as({ kind: 'user', id: fixture.victim.person.id }, (tx) =>
    pictures.recordPublished(tx, place, hashOfVictim(), files),
  );
  const came = [
    { kind: 'photo', earlier_id: 'x', id: victims().photo },
    { kind: 'photo', earlier_id: 'aside/x', id: victims().photo },
    { kind: 'identity', earlier_id: 'made x', id: victims().owner },
  ] as const;
  for (const row of came) {
    await asSystem(app.database.database, (tx: Tx) =>
      imports.insertImported(tx, { ...row, system: 'folder', owner_id: victims().owner, brought: null }),
    );
  }
  before = await fixture.rowsOf(fixture.victim);
});

// biome-ignore lint/suspicious/noExplicitAny: the stores of several features, each with tables of its own.
type Tx = Kysely<any>;
/** A public bucket in which a picture of the victim's lies. */
const place = 'https://s3.example/pictures/';
const page = { limit: 100, offset: 0 };
const victims = () => ({ owner: fixture.victim.person.id, ...fixture.victim.targets });
const none = { items: [], total: 0 };
const soon = () => new Date(Date.now() + 60_000);
const refused = 'refused';
const nothing = { photos: 0, bytes: 0 };
/** As if the access check had let somebody in. */
const guest = () =>
  ({
    kind: 'link',
    linkId: victims().link,
    ownerId: victims().owner,
    target: { albumId: victims().album },
  }) as LinkCaller & { target: { albumId: string } };

const blame = { code: 'server_error', message: 'taken' };
const changed = ({ numAffectedRows }: { numAffectedRows?: bigint }): number => Number(numAffectedRows ?? 0);
const toNumbers = (results: { numUpdatedRows?: bigint; numDeletedRows?: bigint }[]): number[] =>
  results.map(({ numUpdatedRows, numDeletedRows }) => Number(numUpdatedRows ?? numDeletedRows));

/** Each function of the stores that names an owner or an id, aimed at the victim, and what it must come to. */
const aimed: Record<string, [run: (tx: Tx) => Promise<unknown>, outcome: unknown]> = {
  findPhoto: [(tx) => photos.findPhoto(tx, victims().photo), undefined],
  findPhotoDetail: [(tx) => photos.findPhotoDetail(tx, victims().photo), undefined],
  findUploadOf: [(tx) => photos.findUploadOf(tx, victims().owner, hashOfVictim()), undefined],
  listAdded: [(tx) => browsing.listAdded(tx, victims().owner, { limit: 10 }), []],
  listMade: [(tx) => made.listMade(tx, victims().owner, { kind: 'styled', limit: 10, offset: 0 }), []],
  countMade: [(tx) => made.countMade(tx, victims().owner, 'styled'), []],
  findPhotos: [(tx) => photos.findPhotos(tx, [victims().photo]), []],
  listPhotos: [(tx) => browsing.listPhotos(tx, victims().owner, {}, page), { ...none, next: null }],
  'listPhotos, searching': [
    (tx) => browsing.listPhotos(tx, victims().owner, { q: 'canary' }, page),
    { ...none, next: null },
  ],
  'listPhotos, of an album': [
    (tx) => browsing.listPhotos(tx, victims().owner, { album_id: victims().album }, page),
    { ...none, next: null },
  ],
  countMonths: [(tx) => browsing.countMonths(tx, victims().owner, {}), []],
  'countMonths, searching': [(tx) => browsing.countMonths(tx, victims().owner, { q: 'canary' }), []],
  listMonth: [(tx) => browsing.listMonth(tx, victims().owner, '2024-06', {}), []],
  updatePhoto: [(tx) => photos.updatePhoto(tx, victims().photo, { caption: 'taken' }), undefined],
  unsetPrimary: [(tx) => photos.unsetPrimary(tx, victims().owner), undefined],
  setPrimaryUnlessSet: [(tx) => photos.setPrimaryUnlessSet(tx, victims().owner, victims().photo), undefined],
  trashPhotos: [(tx) => trash.trashPhotos(tx, victims().owner, { filter: {} }, new Date()), 0],
  setFavorite: [(tx) => photos.setFavorite(tx, victims().owner, { filter: {} }, true), 0],
  setArchived: [(tx) => photos.setArchived(tx, victims().owner, { filter: {} }, true), 0],
  'setArchived, by ids': [(tx) => photos.setArchived(tx, victims().owner, { ids: [victims().photo] }, true), 0],
  restorePhotos: [(tx) => trash.restorePhotos(tx, victims().owner, {}), 0],
  purgePhotos: [(tx) => trash.purgePhotos(tx, victims().owner, undefined), 0],
  withdrawPhoto: [(tx) => trash.withdrawPhoto(tx, victims().owner, victims().photo), false],
  listTrash: [(tx) => trash.listTrash(tx, victims().owner, page), none],
  findServable: [(tx) => photos.findServable(tx, victims().photo), undefined],
  listMatching: [(tx) => browsing.listMatching(tx, victims().owner, {}, page), none],
  findOldestMatching: [(tx) => browsing.findOldestMatching(tx, victims().owner, {}), undefined],
  selectMatchingIds: [(tx) => browsing.selectMatchingIds(tx, victims().owner, { filter: {} }), []],
  selectForDownload: [(tx) => downloads.selectForDownload(tx, victims().owner, { filter: {} }), []],
  listFiles: [(tx) => downloads.listFiles(tx, victims().owner, [victims().photo]), []],
  listAlbumFiles: [(tx) => downloads.listAlbumFiles(tx, victims().album, [victims().photo]), []],
  insertDownload: [
    (tx) =>
      downloads.insertDownload(tx, { id: uuidv7(), owner_id: victims().owner, photo_ids: [], expires_at: soon() }),
    refused,
  ],
  findDownload: [(tx) => downloads.findDownload(tx, victims().download), undefined],
  findUpload: [(tx) => uploads.findUpload(tx, victims().upload), undefined],
  insertUpload: [
    (tx) =>
      uploads.insertUpload(tx, {
        id: uuidv7(),
        owner_id: victims().owner,
        filename: 'x',
        bytes: 1,
        expires_at: soon(),
      }),
    refused,
  ],
  settleUpload: [(tx) => uploads.settleUpload(tx, victims().upload, { status: 'failed', error: '{}' }), undefined],
  deleteUpload: [(tx) => uploads.deleteUpload(tx, victims().upload), undefined],
  findReceiving: [(tx) => uploads.findReceiving(tx, [victims().upload]), new Set()],

  changeTags: [(tx) => tags.changeTags(tx, victims().owner, { filter: {} }, { add: ['taken'] }), 0],
  renameTag: [(tx) => tags.renameTag(tx, victims().owner, 'canary', null), 0],
  listTags: [(tx) => tags.listTags(tx, victims().owner, { limit: 100 }), []],
  suggestValues: [(tx) => suggestions.suggestValues(tx, victims().owner, 'c'), []],
  suggestAlbums: [(tx) => suggestions.suggestAlbums(tx, victims().owner, 'c'), []],
  findMonths: [(tx) => suggestions.findMonths(tx, victims().owner, 2024, null), []],
  findAlike: [(tx) => suggestions.findAlike(tx, victims().owner, 'canarx'), null],
  readStatistics: [
    async (tx) => {
      const { trash, ...live } = await statistics.readStatistics(tx, victims().owner);
      return [trash, live];
    },
    [nothing, { ...nothing, by_month: [], by_kind: [], by_style: [], by_camera: [], by_format: [], by_place: [] }],
  ],

  'listSessions, of the studio': [(tx) => sessions.listSessions(tx, victims().owner, page), none],
  'findSession, of the studio': [(tx) => sessions.findSession(tx, victims().generation_session), undefined],
  'insertSession, of the studio': [
    (tx) =>
      sessions.insertSession(tx, {
        id: uuidv7(),
        owner_id: victims().owner,
        entry_type: 'scratch',
        source_photo_id: null,
      }),
    refused,
  ],
  lockSession: [(tx) => sessions.lockSession(tx, victims().generation_session), undefined],
  setSessionStatus: [
    async (tx) => toNumbers(await sessions.setSessionStatus(tx, victims().generation_session, 'abandoned')),
    [0],
  ],
  touchSession: [async (tx) => toNumbers(await sessions.touchSession(tx, victims().generation_session)), [0]],
  'deleteSession, of the studio': [
    async (tx) => toNumbers(await sessions.deleteSession(tx, victims().generation_session)),
    [0],
  ],
  findStep: [(tx) => steps.findStep(tx, victims().step), undefined],
  listSteps: [(tx) => steps.listSteps(tx, victims().generation_session), []],
  insertStep: [
    (tx) =>
      steps.insertStep(tx, {
        id: uuidv7(),
        owner_id: victims().owner,
        session_id: victims().generation_session,
        prompt: 'x',
        parameters: '{}',
        model_key: 'x',
        model_hash: 'x',
        model_name: 'x',
        model_base: 'x',
        backend: 'x',
        batch_id: uuidv7(),
        correlation_id: 'x',
      }),
    refused,
  ],
  insertAlternatives: [
    (tx) =>
      steps.insertAlternatives(tx, [
        { id: uuidv7(), owner_id: victims().owner, step_id: victims().step, n: 5, seed: 1 },
      ]),
    refused,
  ],
  findByCorrelation: [(tx) => steps.findByCorrelation(tx, victims().generation_session, 'x'), undefined],
  countSteps: [(tx) => steps.countSteps(tx, victims().generation_session), 0],
  lockSteps: [async (tx) => (await steps.lockSteps(tx, [victims().step])).rows, []],
  cancelSession: [(tx) => steps.cancelSession(tx, victims().generation_session), undefined],
  countOpenSteps: [(tx) => steps.countOpenSteps(tx, victims().owner), 0],
  listAlternatives: [(tx) => steps.listAlternatives(tx, victims().step), []],
  listMadeImages: [(tx) => steps.listMadeImages(tx, victims().owner, {}, 10), none],
  findAlternative: [(tx) => steps.findAlternative(tx, victims().step), undefined],
  groupBySteps: [(tx) => steps.groupBySteps(tx, victims().owner, [victims().step]), []],
  listProgress: [(tx) => steps.listProgress(tx, victims().open_step), []],
  findPreview: [(tx) => steps.findPreview(tx, victims().open_step), undefined],
  selectImage: [(tx) => steps.selectImage(tx, victims().step, victims().step), undefined],
  readQueue: [
    (tx) => steps.readQueue(tx, { id: victims().open_step, backend: 'painter', model_key: 'none' }),
    { steps: 0, pictures: 0, secondsPerPicture: null },
  ],
  cancelAlternatives: [(tx) => steps.cancelAlternatives(tx, victims().open_step, null), 0],
  retryAlternatives: [(tx) => steps.retryAlternatives(tx, victims().lost_step, null), []],
  settleStep: [(tx) => steps.settleStep(tx, victims().open_step), false],
  claimStep: [(tx) => work.claimStep(tx, { backend: 'painter', lanes: 9, lease: uuidv7(), leaseMs: 1 }), undefined],
  claimImage: [(tx) => work.claimImage(tx, { backends: ['painter'], lease: uuidv7(), leaseMs: 1 }), undefined],
  renewLease: [
    (tx) => work.renewLease(tx, 'generation_steps', { id: victims().open_step, lease: uuidv7(), leaseMs: 1 }),
    false,
  ],
  releaseStep: [
    (tx) => work.releaseStep(tx, { id: victims().open_step, lease: uuidv7(), dueInMs: 0, tries: 0 }, null),
    undefined,
  ],
  keepTicket: [(tx) => work.keepTicket(tx, { id: victims().open_step, lease: uuidv7() }, {}), false],
  sayMade: [async (tx) => changed(await work.sayMade(tx, victims().open_step, 'taken', 1)), 0],
  sayFailed: [async (tx) => changed(await work.sayFailed(tx, victims().open_step, blame)), 0],
  sayRestFailed: [
    async (tx) => changed(await work.sayRestFailed(tx, { id: victims().open_step, lease: uuidv7() }, blame)),
    0,
  ],
  sayAllFailed: [async (tx) => changed(await work.sayAllFailed(tx, victims().open_step, blame)), 0],
  sayFetching: [async (tx) => changed(await work.sayFetching(tx, victims().lost_step, uuidv7())), 0],
  sayKept: [
    (tx) => work.sayKept(tx, { id: victims().lost_step, stepId: victims().lost_step }, { forgetting: false }),
    false,
  ],
  sayForgotten: [async (tx) => changed(await work.sayForgotten(tx, victims().lost_step)), 0],
  sayNotFetched: [
    (tx) => work.sayNotFetched(tx, { id: victims().lost_step, lease: uuidv7() }, blame, { againInMs: 0, counts: true }),
    undefined,
  ],
  releaseImage: [async (tx) => changed(await work.releaseImage(tx, victims().lost_step, uuidv7(), 0)), 0],
  keepProgress: [
    (tx) =>
      work.keepProgress(
        tx,
        { id: victims().step, ownerId: victims().owner, stepId: victims().step },
        { done: 1, step: null, of: null, preview: null },
      ),
    undefined,
  ],
  claimLeftover: [(tx) => leftovers.claimLeftover(tx, ['painter']), undefined],
  listWanted: [(tx) => leftovers.listWanted(tx, victims().step), []],
  putOffLeftover: [async (tx) => changed(await leftovers.putOffLeftover(tx, victims().step, 0)), 0],
  dropLeftover: [async (tx) => toNumbers(await leftovers.dropLeftover(tx, victims().step)), [0]],
  dropOldLeftovers: [async (tx) => changed(await leftovers.dropOldLeftovers(tx)), 0],
  listLostSteps: [(tx) => work.listLostSteps(tx, []), []],
  countWaiting: [async (tx) => typeof (await steps.countWaiting(tx)).get('none'), 'undefined'],
  leasePod: [(tx) => pods.leasePod(tx, uuidv7(), 1000), false],
  renewPod: [async (tx) => changed(await pods.renewPod(tx, uuidv7(), 1000)), 0],
  releasePod: [async (tx) => changed(await pods.releasePod(tx, uuidv7())), 0],
  readPod: [(tx) => pods.readPod(tx), { record: null, alarm: null, paused: null, trouble: null, troubled_at: null }],
  writePod: [(tx) => pods.writePod(tx, uuidv7(), null), false],
  pausePod: [async (tx) => changed(await pods.pausePod(tx, 'taken')), 0],
  noteTrouble: [async (tx) => changed(await pods.noteTrouble(tx, 'taken')), 0],
  endAlarm: [async (tx) => changed(await pods.endAlarm(tx)), 0],
  countUnfetched: [(tx) => pods.countUnfetched(tx, 'pod'), 0],
  keepAlarm: [(tx) => pods.keepAlarm(tx, 'taken'), false],
  readPodUse: [(tx) => pods.readPodUse(tx, '2026-11-22'), { ms: 0, dollars: 0 }],
  sumPodUse: [(tx) => pods.sumPodUse(tx), { ms: 0, dollars: 0 }],
  addPodUse: [(tx) => pods.addPodUse(tx, { day: '2026-11-22', ms: 1, dollars: 1 }), refused],
  readMode: [(tx) => pods.readMode(tx), 'local'],
  writeMode: [(tx) => pods.writeMode(tx, 'remote'), refused],
  readTryOut: [(tx) => tryOut.readTryOut(tx), false],
  writeTryOut: [(tx) => tryOut.writeTryOut(tx, true), refused],
  listTemplates: [(tx) => templates.listTemplates(tx, victims().owner, {}, page), none],
  countTemplates: [(tx) => templates.countTemplates(tx, victims().owner), 0],
  insertTemplate: [
    (tx) => templates.insertTemplate(tx, { id: uuidv7(), owner_id: victims().owner, name: 'x', prompt_text: 'x' }),
    refused,
  ],
  updateTemplate: [(tx) => templates.updateTemplate(tx, victims().template, { name: 'taken' }), undefined],
  deleteTemplate: [async (tx) => toNumbers(await templates.deleteTemplate(tx, victims().template)), [0]],
  readSettings: [(tx) => studioSettings.readSettings(tx, victims().owner), {}],
  writeSettings: [(tx) => studioSettings.writeSettings(tx, victims().owner, {}), refused],
  markFavorite: [(tx) => models.markFavorite(tx, victims().owner, 'key', true), refused],
  'markFavorite, no more': [(tx) => models.markFavorite(tx, victims().owner, 'key', false), undefined],
  replaceModels: [(tx) => models.replaceModels(tx, 'painter', []), refused],
  sayBackendsSeen: [(tx) => models.sayBackendsSeen(tx, ['painter']), refused],
  listSeenBackends: [async (tx) => Array.isArray(await models.listSeenBackends(tx)), true],
  listModelLists: [async (tx) => Array.isArray(await models.listModelLists(tx, ['none'])), true],
  forgetOtherBackends: [(tx) => models.forgetOtherBackends(tx, []), undefined],

  listAlbums: [(tx) => albums.listAlbums(tx, victims().owner, {}, page), none],
  findAlbum: [(tx) => albums.findAlbum(tx, victims().owner, victims().album), undefined],
  summarizeAlbums: [(tx) => albums.summarizeAlbums(tx, [victims().album, victims().smart_album]), []],
  insertAlbum: [
    (tx) =>
      albums.insertAlbum(tx, { id: uuidv7(), owner_id: victims().owner, name: 'x', description: null, filter: null }),
    refused,
  ],
  countShares: [(tx) => albums.countShares(tx, victims().album), { members: 0, links: 0 }],
  updateAlbum: [(tx) => albums.updateAlbum(tx, victims().owner, victims().album, { name: 'taken' }), undefined],
  deleteAlbum: [(tx) => albums.deleteAlbum(tx, victims().owner, victims().album), undefined],
  setPinned: [(tx) => albums.setPinned(tx, victims().owner, victims().album, true), refused],
  findInAlbum: [(tx) => albums.findInAlbum(tx, victims().album, [victims().photo]), []],
  appendPhotos: [
    (tx) =>
      albums.appendPhotos(tx, { id: victims().album, owner_id: victims().owner }, victims().owner, [victims().trashed]),
    refused,
  ],
  removePhotos: [(tx) => albums.removePhotos(tx, victims().album, [victims().photo]), undefined],
  findGap: [(tx) => albums.findGap(tx, victims().album, [], victims().photo), { after: null, before: null }],
  placePhotos: [(tx) => albums.placePhotos(tx, victims().album, [victims().photo], { first: 9, step: 1 }), undefined],
  renumber: [(tx) => albums.renumber(tx, victims().album), undefined],
  listPlaces: [(tx) => albums.listPlaces(tx, victims().album, page), []],
  countPhotos: [(tx) => albums.countPhotos(tx, victims().album), 0],
  listMembers: [(tx) => albums.listMembers(tx, victims().album), []],
  addMember: [(tx) => albums.addMember(tx, victims().album, fixture.stranger.id, 'viewer'), false],
  setRole: [(tx) => albums.setRole(tx, victims().album, fixture.viewer.id, 'contributor'), false],
  removeMember: [(tx) => albums.removeMember(tx, victims().album, fixture.viewer.id), false],

  // Some are there for everyone; what is searched for is in the name of one that is not.
  listOrganizations: [(tx) => organizations.listOrganizations(tx, victims().owner, { q: 'canary' }, page), none],
  findOrganization: [(tx) => organizations.findOrganization(tx, victims().owner, victims().organization), undefined],
  changeOrganization: [(tx) => organizations.changeOrganization(tx, victims().organization, { name: 'taken' }), false],
  deleteOrganization: [(tx) => organizations.deleteOrganization(tx, victims().open_organization), false],
  setLogo: [(tx) => organizations.setLogo(tx, victims().open_organization, null), false],
  'listMembers, of an organization': [(tx) => organizations.listMembers(tx, victims().open_organization, page), none],
  findMember: [(tx) => organizations.findMember(tx, victims().open_organization, victims().owner), undefined],
  'setRole, in an organization': [
    (tx) => organizations.setRole(tx, victims().open_organization, fixture.chorister.id, 'admin'),
    false,
  ],
  'removeMember, of an organization': [
    (tx) => organizations.removeMember(tx, victims().open_organization, fixture.chorister.id),
    false,
  ],
  invite: [(tx) => organizations.invite(tx, victims().open_organization, fixture.stranger.id, 'admin'), 'refused'],
  listSentInvitations: [(tx) => organizations.listSentInvitations(tx, victims().open_organization, page), none],
  listOwnInvitations: [(tx) => organizations.listOwnInvitations(tx, page), none],
  acceptInvitation: [(tx) => organizations.acceptInvitation(tx, victims().asked), null],
  endInvitation: [(tx) => organizations.endInvitation(tx, victims().asked, victims().owner), false],

  findOwnImportedPhotos: [
    (tx) => imports.findOwnImportedPhotos(tx as never, victims().owner, 'folder', ['x']),
    new Map(),
  ],
  findOwnImported: [
    (tx) => imports.findOwnImported(tx, victims().owner, { system: 'folder', kind: 'photo', earlierId: 'x' }),
    undefined,
  ],
  isBroughtAccount: [(tx) => imports.isBroughtAccount(tx, 'folder', victims().owner), false],
  listKeptAside: [(tx) => imports.listKeptAside(tx as never, victims().owner, 'folder'), []],
  findNamesOfPhoto: [(tx) => imports.findNamesOfPhoto(tx, victims().owner, victims().photo), []],
  listEarlierIds: [
    (tx) => imports.listEarlierIds(tx, victims().owner, { system: 'folder', kind: 'photo', prefix: '' }),
    [],
  ],
  insertImported: [
    (tx) =>
      imports.insertImported(tx, {
        system: 'folder',
        kind: 'photo',
        earlier_id: 'x',
        id: uuidv7(),
        owner_id: victims().owner,
      }),
    refused,
  ],

  findAvatar: [
    (tx) => pictures.findAvatar(tx, createHash('sha256').update(fixture.victim.person.email).digest()),
    null,
  ],

  insertLink: [
    (tx) =>
      sharing.insertLink(tx, {
        id: uuidv7(),
        owner_id: victims().owner,
        photo_id: victims().photo,
        album_id: null,
        key_hash: Buffer.alloc(32),
        key_sealed: Buffer.alloc(32),
        expires_at: null,
        password_hash: null,
        allow_download: true,
        allow_upload: false,
        show_metadata: true,
        max_views: null,
      }),
    refused,
  ],
  findTarget: [(tx) => sharing.findTarget(tx, { albumId: victims().album }), undefined],
  'findTarget, a photo': [(tx) => sharing.findTarget(tx, { photoId: victims().photo }), undefined],
  listLinks: [(tx) => sharing.listLinks(tx, victims().owner, page), none],
  findOpenLink: [(tx) => sharing.findOpenLink(tx, victims().link), undefined],
  updateLink: [(tx) => sharing.updateLink(tx, victims().link, { allow_download: true }), false],
  revokeLink: [(tx) => sharing.revokeLink(tx, victims().link), false],
  linkPasswordHash: [(tx) => sharing.linkPasswordHash(tx), null],
  countView: [(tx) => sharing.countView(tx), false],
  listShownIds: [(tx) => guests.listShownIds(tx, guest()), []],
  summarize: [
    (tx) => guests.summarize(tx, guest()),
    expect.objectContaining({ photos: 0, bytes: '0', first: null, last: null }),
  ],
  findSharedAlbum: [(tx) => guests.findSharedAlbum(tx, guest().target), undefined],
  listNames: [(tx) => guests.listNames(tx), []],
  listShownFiles: [(tx) => guests.listShownFiles(tx, guest()), []],
  findShownUpload: [(tx) => guests.findShownUpload(tx, guest(), hashOfVictim()), undefined],
  appendSent: [
    (tx) => guests.appendSent(tx, guest(), { id: victims().trashed } as Parameters<typeof guests.appendSent>[2]),
    refused,
  ],

  listEntries: [(tx) => audit.listEntries(tx, { user_id: victims().owner, limit: 100 }), []],
  deleteEntriesAfter: [(tx) => audit.deleteEntriesAfter(tx, 0), refused],
  listJobs: [(tx) => operation.listJobs(tx, 'all', page), []],
  countJobs: [(tx) => operation.countJobs(tx), { waiting: 0, active: 0, completed: 0, failed: 0, all: 0 }],
  lockJob: [(tx) => operation.lockJob(tx, victims().job), undefined],

  createUser: [
    (tx) => accounts.createUser(tx, { id: uuidv7(), username: 'x', email: null, role: 'admin', passwordHash: 'x' }),
    false,
  ],
  importPerson: [
    (tx) =>
      accounts.importPerson(tx, {
        id: uuidv7(),
        username: 'x1',
        email: null,
        displayName: null,
        passwordHash: 'x',
        createdAt: null,
      }),
    false,
  ],
  insertRenewalToken: [
    (tx) =>
      accounts.insertRenewalToken(tx, {
        token_hash: Buffer.alloc(32),
        session_id: victims().session,
        user_id: victims().owner,
      }),
    refused,
  ],
  setQuota: [(tx) => accounts.setQuota(tx, victims().owner, { quota_photos: 0 }), false],
  findUser: [(tx) => accounts.findUser(tx, victims().owner), undefined],
  findUserByEmail: [(tx) => accounts.findUserByEmail(tx, fixture.victim.person.email), undefined],
  findUserByName: [(tx) => accounts.findUserByName(tx, fixture.victim.person.username), undefined],
  setPicture: [(tx) => accounts.setPicture(tx, victims().owner, 'profile', null), undefined],
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
  markUnused: [(tx) => pictures.markUnused(tx, null), undefined],
  listUnusedPlaces: [(tx) => pictures.listUnusedPlaces(tx, 0), []],
  listUnused: [(tx) => pictures.listUnused(tx, place, 0, Buffer.alloc(0)), []],
  listPublished: [(tx) => pictures.listPublished(tx, place, hashOfVictim()), []],
  listPublishedFiles: [(tx) => pictures.listPublishedFiles(tx, place, Buffer.alloc(0)), []],
  listUnpublished: [(tx) => pictures.listUnpublished(tx, place, Buffer.alloc(0)), refused],
  isPublished: [(tx) => pictures.isPublished(tx, place, hashOfVictim().toString('hex')), false],
  isPublicPicture: [(tx) => pictures.isPublicPicture(tx, hashOfVictim()), refused],
  forgetPublished: [
    (tx) => pictures.forgetPublished(tx, place, hashOfVictim()).then(({ numAffectedRows: n }) => n),
    0n,
  ],
  forgetFile: [(tx) => pictures.forgetFile(tx, place, hashOfVictim()).then(({ numAffectedRows: n }) => n), 0n],
  isGrantOfAnother: [(tx) => accounts.findGrant(tx, victims().session, fixture.stranger.id), undefined],
};

/** These reach nobody's rows by an id: they are doors by hash, name or login, to what is public, or take locks, or make one's own. */
const doors = [
  'registerUser',
  'hasUsers',
  'findSoleOwner',
  'findLogin',
  'listPasswordForms',
  'rehashOwnPassword',
  'renewSession',
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
  'createOrganization',
  'importOrganization',
  'recordBlob',
  'lockBlobShared',
  'lockAsker',
  // What can be made with what is everybody's to see.
  'listModels',
  'findModel',
  'listModelLists',
  'tryLockBlob',
  'lockPictures',
  'recordPicture',
  'findPicture',
  'lockFile',
  'tryLockFile',
  'recordPublished',
  'findPublished',
  'isShownPicture',
  'lockUploadOf',
  'lockAlbum',
  'lockPhotos',
  'findPerson',
  'findImported',
  'findKeeper',
  'lockImports',
  'findLink',
  'insertEntry',
  'requireBytes',
  'requireRoom',
  'requireUploadRoom',
  'sweepSearchWords',
];

const hashOfVictim = (): Buffer => createHash('sha256').update(fixture.victim.bytes).digest();

const strangers: Record<string, () => Principal> = {
  'another user': () => ({ kind: 'user', id: fixture.stranger.id }),
  anonymous: () => anonymous,
  "a link with the victim's id": () => ({ kind: 'link', id: fixture.victim.person.id }),
};

test('every function of the stores is aimed at the victim here, or is a door that is tried beside the policies', () => {
  const stores = [
    accounts,
    albums,
    audit,
    browsing,
    downloads,
    guests,
    imports,
    made,
    models,
    operation,
    organizations,
    photos,
    pictures,
    pods,
    sessions,
    sharing,
    statistics,
    steps,
    studioSettings,
    suggestions,
    tags,
    templates,
    trash,
    tryOut,
    uploads,
    work,
  ];
  const exported = stores.flatMap((store) => Object.keys(store));
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
