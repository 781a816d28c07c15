import type { Answer, Credential, Person, RequestOptions, TestApp } from './app.ts';

/** What a link is made with, beside its target: as `POST /share/create` takes it. */
export interface LinkOptions {
  readonly photo_id?: string;
  readonly album_id?: string;
  readonly password?: string;
  readonly expires_at?: string | null;
  readonly allow_download?: boolean;
  readonly allow_upload?: boolean;
  readonly show_metadata?: boolean;
  readonly max_views?: number;
}

export interface MadeLink {
  readonly id: string;
  readonly key: string;
  /** `https://…/s/{key}` */
  readonly url: string;
  /** `/s/{key}` */
  readonly path: string;
  /** `/api/v1/share/{key}` */
  readonly apiPath: string;
}

/** Makes a link through the API. */
export async function createLink(app: TestApp, owner: Person | Credential, options: LinkOptions): Promise<MadeLink> {
  const answer = await app.request(owner, 'POST', '/api/v1/share/create', { json: options });
  if (answer.status !== 201) throw new Error(`making a link was answered ${answer.status}: ${answer.text}`);
  const { id, access_key: key, url } = answer.json();
  return { id, key, url, path: `/s/${key}`, apiPath: `/api/v1/share/${key}` };
}

/** Opens a visit: the session, as the header `x-share-session` or the cookie `tintype_guest` takes it. */
export async function unlockLink(app: TestApp, link: MadeLink, password?: string): Promise<string> {
  const answer = await app.request(null, 'POST', `${link.apiPath}/unlock`, {
    json: password === undefined ? {} : { password },
  });
  if (answer.status !== 200) throw new Error(`unlocking was answered ${answer.status}: ${answer.text}`);
  return answer.json().session;
}

/** One request of a guest's, under the link's own path, showing a session as a browser does. */
export function asGuest(
  app: TestApp,
  link: MadeLink,
  session: string | null,
  method: string,
  path = '',
  options: RequestOptions = {},
): Promise<Answer> {
  const cookie: Record<string, string> = session === null ? {} : { cookie: `tintype_guest=${session}` };
  const origin: Record<string, string> = method === 'GET' || method === 'HEAD' ? {} : { origin: app.url };
  return app.request(null, method, `${link.path}${path}`, {
    ...options,
    headers: { ...cookie, ...origin, ...options.headers },
  });
}

/** Every way in which bytes can be asked for. */
export const byteShapes: readonly (readonly [string, Readonly<Record<string, string>>])[] = [
  ['GET', {}],
  ['HEAD', {}],
  ['GET', { range: 'bytes=0-9' }],
  ['GET', { 'if-none-match': '*' }],
  ['HEAD', { 'if-none-match': '*' }],
];
const forms = ['application/json', 'image/webp,image/*'];

interface Look {
  /** The photo that is asked for by its id. */
  readonly photo: string;
  /** What the guest shows of themselves. */
  readonly headers?: Readonly<Record<string, string>>;
  /** The tag of bytes that were seen before. */
  readonly tag?: string;
  /** Default: all of them. */
  readonly only?: 'bytes';
}

/** All that a link has to show, asked for in every shape and at both of its addresses. */
export async function lookAtEverything(app: TestApp, link: MadeLink, look: Look): Promise<Answer[]> {
  const { photo, headers = {}, tag = '*', only } = look;
  const requests: [string, string, Record<string, string>][] = [];
  for (const base of [link.path, link.apiPath]) {
    for (const variant of ['original', 'preview', 'medium', 'small']) {
      for (const [method, shape] of byteShapes) {
        const asked = 'if-none-match' in shape ? { 'if-none-match': tag } : shape;
        requests.push([method, `${base}/photos/${photo}/${variant}`, { ...headers, ...asked }]);
      }
    }
    for (const path of only ? [] : ['', '/layout', `/photos/${photo}`, '/download']) {
      for (const method of ['GET', 'HEAD']) {
        for (const accept of forms) requests.push([method, `${base}${path}`, { ...headers, accept }]);
      }
    }
  }
  const answers: Answer[] = [];
  for (const [method, path, shown] of requests) answers.push(await app.request(null, method, path, { headers: shown }));
  return answers;
}

/** Each status once. */
export const statusesOf = (answers: readonly Answer[]): number[] =>
  [...new Set(answers.map(({ status }) => status))].sort();
