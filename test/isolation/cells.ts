import type { RequestOptions } from '../app.ts';
import type { CallerName, Context, TargetKind } from './fixture.ts';

/**
 * What every kind of caller is answered by an operation that needs this: `ok` stands for the operation's own success.
 * Credentials that ended are held to the very answer that nobody gets, so they have no column.
 */
// biome-ignore format: a table is read by its columns.
export const needs = {
  //           anonymous    owner        stranger        viewer        contributor        admin        admin's key  key: account      key: read      key: write      key: full
  nothing: row('ok',        'ok',        'ok',          'ok',         'ok',             'ok',        'ok',        'ok',             'ok',         'ok',          'ok'),
  account: row(401,         'ok',        'ok',          'ok',         'ok',             'ok',        'ok',        'ok',             403,          403,           'ok'),
  read:    row(401,         'ok',        'ok',          'ok',         'ok',             'ok',        'ok',        403,              'ok',         403,           'ok'),
  write:   row(401,         'ok',        'ok',          'ok',         'ok',             'ok',        'ok',        403,              403,          'ok',          'ok'),
  share:   row(401,         'ok',        'ok',          'ok',         'ok',             'ok',        'ok',        403,              403,          403,           'ok'),
  person:  row(401,         'ok',        'ok',          'ok',         'ok',             'ok',        403,         403,              403,          403,           403),
  admin:   row(401,         403,         403,           403,          403,              'ok',        403,         403,              403,          403,           403),
} satisfies Record<string, Record<CallerName, 'ok' | number>>;

/**
 * What is in the place of the id. `own` is the owner's and so foreign to all others; `foreign` is the victim's;
 * `mixed` names an own one and a foreign one together.
 */
export type Place = 'own' | 'foreign' | 'absent' | 'malformed' | 'mixed';

export interface Cell {
  readonly needs: keyof typeof needs;
  /** The status of success. */
  readonly ok: number;
  /** What the operation's id, in the path or in the body, is of. None where it takes no id. */
  readonly target?: TargetKind;
  /** Whose targets are within reach of one who is let in. Default `caller`: their own alone. */
  readonly reach?: 'caller' | 'everybody';
  /**
   * What the two who belong to the owner's albums are answered where a stranger finds nothing. `see`: both succeed.
   * `add`: the contributor does, and the viewer is refused. `refused`: both are. `leave`: the viewer succeeds.
   */
  readonly members?: 'see' | 'add' | 'refused' | 'leave';
  /** Success may show members what is in the owner's albums. */
  readonly showsAlbums?: true;
  /** Success may show organizations: `all` of those one belongs to, or the names of those that one is `asked` to join. */
  readonly showsOrganizations?: 'all' | 'asked';
  /** Where a wrong form of the id is noticed. Default `first`: 404 whoever asks. `late`: only for those let in. `body`: 400. */
  readonly malformed?: 'first' | 'late' | 'body';
  /** Its body names one id, so that there is no mixture of own and foreign. */
  readonly takesOne?: true;
  /** Success would end the caller's own credential or account, so that a caller of its own is made for it. */
  readonly endsCaller?: true;
  /** Success may show an administrator who has accounts here. */
  readonly showsPeople?: true;
  /** Not under `/api/v1`, answered to everybody alike, and kept by caches that are shared. */
  readonly isPublic?: true;
  /** Answered by bytes: Range, If-None-Match and HEAD are cells too. */
  readonly bytes?: true;
  /** The same with something of the victim's in its body: 404 where it would have been carried out. */
  readonly lends?: readonly ((context: Context) => Sent)[];
  readonly send?: (context: Context) => Sent | Promise<Sent>;
}

/** A request, and what stands in its path beside the id. */
export type Sent = RequestOptions & { readonly path?: Readonly<Record<string, string>> };

const ids = ({ ids }: Context): RequestOptions => ({ json: { ids } });
/** The least that the painter takes. */
const smallest = { batch_size: 1, width: 256, height: 256, steps: 1 };
const tus = { 'tus-resumable': '1.0.0' };

/** Every operation of the document. One that is missing here, or is here and not in the document, fails the build. */
export const cells: Record<string, Cell> = {
  'GET /auth/status': { needs: 'nothing', ok: 200 },
  'POST /auth/register': {
    needs: 'nothing',
    ok: 201,
    send: ({ name }) => ({ json: { username: name, password: 'walks in from the street' } }),
  },
  'POST /auth/login': { needs: 'nothing', ok: 200, send: ({ walkIn }) => ({ json: walkIn }) },
  'POST /auth/logout': { needs: 'nothing', ok: 204, endsCaller: true },
  'POST /auth/reset/request': {
    needs: 'nothing',
    ok: 503,
    send: ({ walkIn }) => ({ json: { email: `${walkIn.username}@people.example` } }),
  },
  'POST /auth/reset': {
    needs: 'nothing',
    ok: 410,
    send: () => ({ json: { token: 'guessed', password: 'walks in from the street' } }),
  },

  'GET /me': { needs: 'account', ok: 200 },
  'PATCH /me': { needs: 'person', ok: 200, send: () => ({ json: { display_name: 'The same' } }) },
  'DELETE /me': {
    needs: 'person',
    ok: 204,
    endsCaller: true,
    send: ({ person }) => ({ json: { password: person.password, confirm: person.username } }),
  },
  'POST /me/password': {
    needs: 'person',
    ok: 204,
    endsCaller: true,
    send: ({ person }) => ({ json: { current_password: person.password, new_password: 'walks down again' } }),
  },
  'GET /sessions': { needs: 'person', ok: 200 },
  'DELETE /sessions': { needs: 'person', ok: 204, endsCaller: true },
  'DELETE /sessions/{id}': { needs: 'person', ok: 204, target: 'session' },
  'GET /api-keys': { needs: 'person', ok: 200 },
  'POST /api-keys': { needs: 'person', ok: 201, send: () => ({ json: { name: 'one more', scopes: ['photos:read'] } }) },
  'DELETE /api-keys/{id}': { needs: 'person', ok: 204, target: 'api_key' },

  'GET /users': { needs: 'admin', ok: 200, showsPeople: true },
  'POST /users': { needs: 'admin', ok: 201, send: ({ name }) => ({ json: { username: name } }) },
  'PATCH /users/{id}': {
    needs: 'admin',
    ok: 200,
    target: 'user',
    reach: 'everybody',
    showsPeople: true,
    send: () => ({ json: { disabled: true } }),
  },
  'DELETE /users/{id}': {
    needs: 'admin',
    ok: 204,
    target: 'user',
    reach: 'everybody',
    showsPeople: true,
    send: ({ person, targetName }) => ({ json: { password: person.password, confirm: targetName } }),
  },
  'POST /users/{id}/reset-link': { needs: 'admin', ok: 201, target: 'user', reach: 'everybody' },
  'GET /invitations': { needs: 'admin', ok: 200 },
  'POST /invitations': { needs: 'admin', ok: 201 },
  'DELETE /invitations/{id}': { needs: 'admin', ok: 204, target: 'invitation', reach: 'everybody' },

  'GET /photos': { needs: 'read', ok: 200 },
  'POST /photos': { needs: 'write', ok: 201, send: async ({ picture }) => ({ body: await picture() }) },
  'GET /photos/{id}': { needs: 'read', ok: 200, target: 'photo', bytes: true, members: 'see' },
  'GET /photos/{id}/{variant}': { needs: 'read', ok: 200, target: 'photo', bytes: true, members: 'see' },
  'GET /photos/thumbnail/{id}': { needs: 'read', ok: 200, target: 'photo', bytes: true, members: 'see' },
  'GET /photos/{id}/metadata': { needs: 'read', ok: 200, target: 'photo', members: 'see' },
  'PATCH /photos/{id}': {
    needs: 'write',
    ok: 200,
    target: 'photo',
    send: () => ({ json: { caption: 'Changed', is_favorite: true } }),
  },
  'DELETE /photos/{id}': { needs: 'write', ok: 204, target: 'photo' },
  'POST /photos/batch/trash': { needs: 'write', ok: 200, target: 'photo', malformed: 'body', send: ids },
  'POST /photos/batch/delete': { needs: 'write', ok: 204, target: 'photo', malformed: 'body', send: ids },
  'POST /photos/batch/restore': { needs: 'write', ok: 200, target: 'trashed', malformed: 'body', send: ids },
  'POST /photos/batch/purge': { needs: 'write', ok: 200, target: 'trashed', malformed: 'body', send: ids },
  'POST /photos/batch/favorite': {
    needs: 'write',
    ok: 200,
    target: 'photo',
    malformed: 'body',
    send: ({ ids }) => ({ json: { ids, is_favorite: true } }),
  },
  'POST /photos/batch/archive': {
    needs: 'write',
    ok: 200,
    target: 'photo',
    malformed: 'body',
    send: ({ ids }) => ({ json: { ids, is_archived: true } }),
  },
  'POST /photos/batch/tag': {
    needs: 'write',
    ok: 200,
    target: 'photo',
    malformed: 'body',
    send: ({ ids }) => ({ json: { ids, add: ['tagged'] } }),
  },
  'GET /styles': { needs: 'read', ok: 200 },
  'POST /photos/{id}/styles': {
    needs: 'share',
    ok: 201,
    target: 'photo',
    send: () => ({ json: { style: 'pencil_sketch', strength: 0.5 } }),
  },
  'GET /photos/{id}/styles/{style}/preview': {
    needs: 'read',
    ok: 200,
    target: 'photo',
    members: 'see',
    send: () => ({ path: { style: 'neon' } }),
  },
  'GET /tags': { needs: 'read', ok: 200 },
  'POST /tags/rename': { needs: 'write', ok: 200, send: () => ({ json: { from: 'tagged', to: 'Tagged' } }) },
  'POST /tags/delete': { needs: 'write', ok: 200, send: () => ({ json: { tag: 'tagged' } }) },
  'GET /search/suggestions': { needs: 'read', ok: 200 },
  'GET /statistics': { needs: 'read', ok: 200 },
  'GET /timeline': { needs: 'read', ok: 200 },
  'GET /timeline/{month}': { needs: 'read', ok: 200 },
  'GET /trash': { needs: 'read', ok: 200 },

  'POST /downloads': { needs: 'read', ok: 201, target: 'photo', malformed: 'body', send: ids },
  'GET /downloads/{id}': { needs: 'read', ok: 200, target: 'download' },

  'POST /uploads': { needs: 'write', ok: 201, send: () => ({ headers: { ...tus, 'upload-length': '10' } }) },
  'GET /uploads/{id}': { needs: 'write', ok: 200, target: 'upload' },
  'HEAD /uploads/{id}': { needs: 'write', ok: 200, target: 'upload', send: () => ({ headers: tus }) },
  'PATCH /uploads/{id}': {
    needs: 'write',
    ok: 204,
    target: 'upload',
    malformed: 'late',
    send: () => ({
      headers: { ...tus, 'upload-offset': '0', 'content-type': 'application/offset+octet-stream' },
      body: 'some',
    }),
  },
  'DELETE /uploads/{id}': {
    needs: 'write',
    ok: 204,
    target: 'upload',
    malformed: 'late',
    send: () => ({ headers: tus }),
  },

  'GET /events': { needs: 'read', ok: 200, send: () => ({ until: 'event: hello' }) },

  'GET /albums': { needs: 'read', ok: 200, showsAlbums: true },
  'POST /albums': {
    needs: 'write',
    ok: 201,
    send: ({ ownPhoto }) => ({ json: { name: 'made', photo_ids: [ownPhoto] } }),
    lends: [
      ({ ownPhoto, victims }) => ({ json: { name: 'made', photo_ids: [ownPhoto, victims.photo] } }),
      ({ victims }) => ({ json: { name: 'made', filter: { album_id: victims.album } } }),
      ({ victims }) => ({ json: { name: 'made', cover_photo_id: victims.photo } }),
    ],
  },
  'GET /albums/{id}': { needs: 'read', ok: 200, target: 'album', members: 'see' },
  'PATCH /albums/{id}': {
    needs: 'write',
    ok: 200,
    target: 'album',
    members: 'refused',
    send: ({ sharedPhoto }) => ({ json: { name: 'taken', cover_photo_id: sharedPhoto } }),
  },
  'DELETE /albums/{id}': { needs: 'write', ok: 204, target: 'album', members: 'refused' },
  'GET /albums/{id}/photos': { needs: 'read', ok: 200, target: 'album', members: 'see' },
  'GET /albums/{id}/layout': { needs: 'read', ok: 200, target: 'album', members: 'see' },
  'POST /albums/{id}/photos': {
    needs: 'write',
    ok: 204,
    target: 'album',
    members: 'add',
    send: ({ ownPhoto }) => ({ json: { photo_ids: [ownPhoto] } }),
    lends: [({ ownPhoto, victims }) => ({ json: { photo_ids: [ownPhoto, victims.photo] } })],
  },
  'POST /albums/{id}/photos/batch': {
    needs: 'write',
    ok: 204,
    target: 'album',
    members: 'add',
    send: ({ ownPhoto }) => ({ json: { photo_ids: [ownPhoto] } }),
    lends: [({ ownPhoto, victims }) => ({ json: { photo_ids: [ownPhoto, victims.photo] } })],
  },
  'DELETE /albums/{id}/photos': {
    needs: 'write',
    ok: 204,
    target: 'album',
    members: 'refused',
    send: ({ sharedPhoto }) => ({ json: { photo_ids: [sharedPhoto] } }),
  },
  'POST /albums/{id}/photos/move': {
    needs: 'write',
    ok: 204,
    target: 'album',
    members: 'refused',
    send: ({ sharedPhoto }) => ({ json: { photo_ids: [sharedPhoto], before: null } }),
  },
  'POST /albums/{id}/download': { needs: 'read', ok: 201, target: 'album', members: 'see' },
  'POST /albums/{id}/freeze': { needs: 'write', ok: 200, target: 'smart_album' },
  'PUT /albums/{id}/pin': { needs: 'write', ok: 204, target: 'album', members: 'see' },
  'DELETE /albums/{id}/pin': { needs: 'write', ok: 204, target: 'album', members: 'see' },
  'GET /albums/{id}/members': { needs: 'read', ok: 200, target: 'album', members: 'see' },
  'POST /albums/{id}/members': {
    needs: 'person',
    ok: 201,
    target: 'album',
    members: 'refused',
    send: ({ walkIn }) => ({ json: { username: walkIn.username, role: 'viewer' } }),
  },
  'PATCH /albums/{id}/members/{user_id}': {
    needs: 'person',
    ok: 200,
    target: 'album',
    members: 'refused',
    send: ({ viewer }) => ({ path: { user_id: viewer.id }, json: { role: 'contributor' } }),
  },
  'DELETE /albums/{id}/members/{user_id}': {
    needs: 'person',
    ok: 204,
    target: 'album',
    members: 'leave',
    send: ({ viewer }) => ({ path: { user_id: viewer.id } }),
  },

  'GET /organizations': { needs: 'account', ok: 200, showsOrganizations: 'all' },
  'POST /organizations': {
    needs: 'person',
    ok: 201,
    endsCaller: true,
    send: () => ({ json: { name: 'made' } }),
  },
  'GET /organizations/{id}': { needs: 'account', ok: 200, target: 'organization' },
  'PATCH /organizations/{id}': {
    needs: 'person',
    ok: 200,
    target: 'organization',
    members: 'refused',
    send: () => ({ json: { name: 'taken', visibility: 'everyone' } }),
  },
  'DELETE /organizations/{id}': { needs: 'person', ok: 204, target: 'organization', members: 'refused' },
  'GET /organizations/{id}/members': { needs: 'account', ok: 200, target: 'open_organization' },
  'PATCH /organizations/{id}/members/{user_id}': {
    needs: 'person',
    ok: 200,
    target: 'open_organization',
    members: 'refused',
    send: ({ chorister }) => ({ path: { user_id: chorister.id }, json: { role: 'admin' } }),
  },
  'DELETE /organizations/{id}/members/{user_id}': {
    needs: 'person',
    ok: 204,
    target: 'organization',
    members: 'refused',
    send: ({ chorister }) => ({ path: { user_id: chorister.id } }),
  },
  'GET /organizations/{id}/invitations': { needs: 'person', ok: 200, target: 'organization', members: 'refused' },
  'POST /organizations/{id}/invitations': {
    needs: 'person',
    ok: 201,
    target: 'organization',
    members: 'refused',
    send: ({ walkIn }) => ({ json: { username: walkIn.username } }),
  },
  'DELETE /organizations/{id}/invitations/{user_id}': {
    needs: 'person',
    ok: 204,
    target: 'open_organization',
    members: 'refused',
    send: ({ candidate }) => ({ path: { user_id: candidate.id } }),
  },
  'PUT /me/pictures/{kind}': {
    needs: 'person',
    ok: 200,
    send: ({ ownPhoto }) => ({ path: { kind: 'cover' }, json: { photo_id: ownPhoto } }),
    lends: [
      ({ victims }) => ({
        path: { kind: 'cover' },
        json: { photo_id: victims.photo, crop: { x: 0, y: 0, width: 0.5, height: 0.5 } },
      }),
    ],
  },
  'DELETE /me/pictures/{kind}': { needs: 'person', ok: 204, send: () => ({ path: { kind: 'cover' } }) },
  'PUT /organizations/{id}/logo': {
    needs: 'person',
    ok: 200,
    target: 'open_organization',
    members: 'refused',
    send: ({ ownPhoto }) => ({ json: { photo_id: ownPhoto } }),
    lends: [({ victims }) => ({ json: { photo_id: victims.photo } })],
  },
  'DELETE /organizations/{id}/logo': { needs: 'person', ok: 204, target: 'open_organization', members: 'refused' },
  'GET /images/users/{id}/{kind}': {
    needs: 'nothing',
    ok: 200,
    target: 'pictured',
    reach: 'everybody',
    isPublic: true,
    send: () => ({ path: { kind: 'profile' } }),
  },
  'GET /images/organizations/{id}/logo': {
    needs: 'nothing',
    ok: 200,
    target: 'logoed',
    reach: 'everybody',
    isPublic: true,
  },
  // By an e-mail of nobody who lets it be found by that: a drawing.
  'GET /avatar/{hash}': { needs: 'nothing', ok: 200, isPublic: true, send: () => ({ path: { hash: '0'.repeat(64) } }) },

  'GET /generation/sessions': { needs: 'read', ok: 200 },
  'POST /generation/sessions': {
    needs: 'share',
    ok: 201,
    // From nothing: from a photo, the access to that would ask for reading as well.
    send: () => ({ json: { entry_type: 'scratch' } }),
    lends: [({ victims }) => ({ json: { entry_type: 'refinement', source_image_id: victims.photo } })],
  },
  'GET /generation/sessions/{id}': { needs: 'read', ok: 200, target: 'generation_session' },
  'PATCH /generation/sessions/{id}': {
    needs: 'share',
    ok: 200,
    target: 'generation_session',
    send: () => ({ json: { status: 'abandoned' } }),
  },
  'DELETE /generation/sessions/{id}': { needs: 'share', ok: 204, target: 'generation_session' },
  'GET /generation/sessions/{id}/steps': { needs: 'read', ok: 200, target: 'generation_session' },
  'POST /generation/sessions/{id}/steps': {
    needs: 'share',
    ok: 201,
    target: 'generation_session',
    send: ({ ownPhoto }) => ({ json: { prompt: 'a lake', parameters: smallest, source_image_id: ownPhoto } }),
    lends: [
      ({ victims }) => ({ json: { prompt: 'a lake', parameters: smallest, source_image_id: victims.photo } }),
      ({ victims }) => ({ json: { prompt: 'a lake', parameters: smallest, parent_id: victims.step } }),
    ],
  },
  'GET /generation/steps/{id}': { needs: 'read', ok: 200, target: 'step' },
  'PATCH /generation/steps/{id}': {
    needs: 'share',
    ok: 200,
    target: 'step',
    // A step that is made here has one picture, which has its id.
    send: ({ ids: [id] }) => ({ json: { selected_image_id: id } }),
    lends: [({ victims }) => ({ json: { selected_image_id: victims.step } })],
  },
  'GET /generation/steps/{id}/status': { needs: 'read', ok: 200, target: 'step' },
  'GET /generation/steps/{id}/alternatives': { needs: 'read', ok: 200, target: 'step' },
  'POST /generation/steps/{id}/alternatives/select': {
    needs: 'share',
    ok: 200,
    target: 'step',
    send: ({ ids: [id] }) => ({ json: { image_id: id } }),
    lends: [({ victims }) => ({ json: { image_id: victims.step } })],
  },
  'POST /generation/steps/{id}/select': {
    needs: 'share',
    ok: 200,
    target: 'step',
    send: ({ ids: [id] }) => ({ json: { image_id: id } }),
    lends: [({ victims }) => ({ json: { image_id: victims.step } })],
  },
  'POST /generation/steps/{id}/cancel': { needs: 'share', ok: 200, target: 'open_step' },
  'POST /generation/steps/{id}/retry-retrievals': { needs: 'share', ok: 200, target: 'lost_step' },
  'GET /generation/images': { needs: 'read', ok: 200 },
  'POST /generation/images/{id}/cancel': { needs: 'share', ok: 204, target: 'open_step' },
  'GET /generation/images/{id}/preview': { needs: 'read', ok: 200, target: 'open_step' },
  'POST /photos/{id}/retry': { needs: 'share', ok: 200, target: 'lost_step' },
  'POST /photos/batch/retry': { needs: 'share', ok: 200, target: 'lost_step', malformed: 'body', send: ids },
  'GET /models': { needs: 'read', ok: 200 },
  'POST /models/refresh': { needs: 'share', ok: 200 },
  'GET /models/{key}': { needs: 'read', ok: 404, send: () => ({ path: { key: 'none' } }) },
  'POST /models/{key}/favorite': {
    needs: 'share',
    ok: 404,
    send: () => ({ path: { key: 'none' }, json: { is_favorite: true } }),
  },
  'GET /backend/status': { needs: 'read', ok: 200 },
  'POST /backend/mode': { needs: 'admin', ok: 409, send: () => ({ json: { mode: 'remote' } }) },
  'POST /backend/pod/start': { needs: 'admin', ok: 409 },
  'POST /backend/pod/stop': { needs: 'admin', ok: 409 },
  'GET /generation/try': { needs: 'nothing', ok: 200 },
  'PATCH /generation/try': { needs: 'admin', ok: 200, send: () => ({ json: { allowed: false } }) },
  // Closed, as it is until an administrator opens it; what is open is tried in `try-out.test.ts`.
  'POST /generation/try': { needs: 'nothing', ok: 403, send: () => ({ json: { prompt: 'a lake' } }) },
  'GET /settings': { needs: 'read', ok: 200 },
  'PATCH /settings': { needs: 'share', ok: 200, send: () => ({ json: { generation: { default_steps: 20 } } }) },
  'GET /templates': { needs: 'read', ok: 200 },
  'POST /templates': { needs: 'share', ok: 201, send: () => ({ json: { name: 'made', prompt_text: 'a lake' } }) },
  'PATCH /templates/{id}': { needs: 'share', ok: 200, target: 'template', send: () => ({ json: { name: 'taken' } }) },
  'DELETE /templates/{id}': { needs: 'share', ok: 204, target: 'template' },

  'GET /me/invitations': { needs: 'account', ok: 200, showsOrganizations: 'asked' },
  'POST /me/invitations/{id}/accept': { needs: 'person', ok: 200, target: 'asked' },
  'DELETE /me/invitations/{id}': { needs: 'person', ok: 204, target: 'asked' },

  'POST /share/create': {
    needs: 'share',
    ok: 201,
    target: 'photo',
    malformed: 'body',
    takesOne: true,
    send: ({ ids }) => ({ json: { photo_id: ids[0] } }),
    lends: [({ victims }) => ({ json: { album_id: victims.album } })],
  },
  'GET /share-links': { needs: 'share', ok: 200 },
  'GET /share-links/{id}': { needs: 'share', ok: 200, target: 'link' },
  'PATCH /share-links/{id}': {
    needs: 'share',
    ok: 200,
    target: 'link',
    send: () => ({ json: { allow_download: true } }),
  },
  'DELETE /share-links/{id}': { needs: 'share', ok: 204, target: 'link' },

  // By a key that is none. Who comes by one is tried apart, whoever they are signed in as.
  'GET /share/{key}': { needs: 'nothing', ok: 404 },
  'POST /share/{key}/unlock': { needs: 'nothing', ok: 404 },
  'GET /share/{key}/layout': { needs: 'nothing', ok: 404 },
  'GET /share/{key}/download': { needs: 'nothing', ok: 404 },
  'GET /share/{key}/photos/{id}': { needs: 'nothing', ok: 404 },
  'GET /share/{key}/photos/{id}/{variant}': { needs: 'nothing', ok: 404 },
  'POST /share/{key}/photos': { needs: 'nothing', ok: 404 },

  'GET /health': { needs: 'nothing', ok: 200 },
  'GET /ready': { needs: 'nothing', ok: 200 },
  'GET /metrics': { needs: 'admin', ok: 200 },
  'GET /admin/audit': { needs: 'admin', ok: 200, showsPeople: true },
  'GET /admin/jobs': { needs: 'admin', ok: 200 },
  'POST /admin/jobs/{id}/retry': { needs: 'admin', ok: 204, target: 'job', reach: 'everybody' },
  'GET /admin/storage': { needs: 'admin', ok: 200 },
  'POST /admin/storage/migration': { needs: 'admin', ok: 409, send: () => ({ json: { to: 'files' } }) },
  'DELETE /admin/storage/migration': { needs: 'admin', ok: 409 },
  'POST /admin/storage/check': { needs: 'admin', ok: 202, send: () => ({ json: { read_data: false } }) },
  'DELETE /admin/jobs/{id}': { needs: 'admin', ok: 204, target: 'job', reach: 'everybody' },
};

/** Routes that answer and are no operation of the document. */
export const undocumented = [
  'GET /api/v1/openapi.json',
  'GET /api/v1/docs',
  // tus asks what the server can do; nobody's data is in the answer.
  'OPTIONS /api/v1/uploads',
  'OPTIONS /api/v1/uploads/:id',
  // A redirect for those who scrape the usual address.
  'GET /metrics',
  // What guests are answered, once more where browsers come by; the document has it under /share.
  'GET /s/:key',
  'POST /s/:key/unlock',
  'GET /s/:key/layout',
  'GET /s/:key/download',
  'GET /s/:key/photos/:id',
  'POST /s/:key/photos',
  // A photo opened on the guest's page: the page itself, whatever is asked for.
  'GET /s/:key/:photo{[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}}',
  // The web app.
  'GET /*',
];

type Answer = 'ok' | number;

function row(
  anonymous: Answer,
  owner: Answer,
  stranger: Answer,
  viewer: Answer,
  contributor: Answer,
  admin: Answer,
  adminKey: Answer,
  keyAccount: Answer,
  keyRead: Answer,
  keyWrite: Answer,
  keyFull: Answer,
): Record<CallerName, Answer> {
  return { anonymous, owner, stranger, viewer, contributor, admin, adminKey, keyAccount, keyRead, keyWrite, keyFull };
}
