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

/** Every state a link can be in for a guest. */
export const linkStates = ['open', 'locked', 'unlocked', 'expired', 'revoked', 'used up'] as const;
export type LinkState = (typeof linkStates)[number];

/**
 * A link to a target that allows everything, in one of its states. Those that ended had a session that was good before.
 * @returns the link, and the session a guest shows of it; null where there is none
 */
export async function createLinkIn(
  app: TestApp,
  owner: Person,
  target: { readonly photo_id: string } | { readonly album_id: string },
  state: LinkState,
): Promise<{ link: MadeLink; session: string | null }> {
  const password = 'opens the lake';
  const everything = { allow_download: true, show_metadata: true, allow_upload: 'album_id' in target };
  const make = (options: LinkOptions = {}) => createLink(app, owner, { ...target, ...everything, ...options });
  switch (state) {
    case 'open':
      return { link: await make(), session: null };
    case 'locked':
      return { link: await make({ password }), session: null };
    case 'unlocked': {
      const link = await make({ password });
      return { link, session: await unlockLink(app, link, password) };
    }
    case 'used up': {
      const link = await make({ max_views: 1 });
      await unlockLink(app, link);
      return { link, session: null };
    }
    case 'revoked': {
      const link = await make();
      const session = await unlockLink(app, link);
      await app.request(owner, 'DELETE', `/api/v1/share-links/${link.id}`);
      return { link, session };
    }
    case 'expired': {
      const link = await make();
      const session = await unlockLink(app, link);
      const ends = Date.now() + 400;
      const json = { expires_at: new Date(ends).toISOString() };
      const answer = await app.request(owner, 'PATCH', `/api/v1/share-links/${link.id}`, { json });
      if (answer.status !== 200) throw new Error(`changing a link was answered ${answer.status}: ${answer.text}`);
      await new Promise((resolve) => setTimeout(resolve, ends - Date.now() + 20));
      return { link, session };
    }
  }
}
