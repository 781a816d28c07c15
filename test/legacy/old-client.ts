import { type Answer, type RequestOptions, type TestApp, tinyPhoto } from '../app.ts';

/** The origin of a page of another site, from which an old front end calls. */
export const page = 'https://parts.example';

/** A form as a browser sends it; a file in the place of a text is given with its name. */
export async function formOf(fields: Readonly<Record<string, string | [Uint8Array, string]>>): Promise<RequestOptions> {
  const form = new FormData();
  for (const [name, value] of Object.entries(fields)) {
    if (typeof value === 'string') form.set(name, value);
    else form.set(name, new Blob([new Uint8Array(value[0])]), value[1]);
  }
  const sent = new Response(form);
  return {
    body: Buffer.from(await sent.arrayBuffer()),
    headers: { 'content-type': sent.headers.get('content-type') ?? '' },
  };
}

/** A picture in a form, in the field that clients of org-images use. */
export const fileOf = async (seed: number, name = 'me.jpg'): Promise<RequestOptions> =>
  formOf({ file: [await tinyPhoto(seed), name] });

export interface OldClient {
  (method: string, path: string, options?: RequestOptions): Promise<Answer>;
  readonly token: string;
}

/** What org-images’ own front end does to get in: the form of OAuth’s password flow, then a bearer token with every call. */
export async function signInByForm(
  app: TestApp,
  person: { readonly username: string; readonly password: string; readonly ip?: string },
): Promise<OldClient> {
  const from: Record<string, string> = person.ip ? { 'x-forwarded-for': person.ip } : {};
  const answer = await app.request(null, 'POST', '/token', {
    body: new URLSearchParams({ grant_type: 'password', ...pick(person) }).toString(),
    headers: { 'content-type': 'application/x-www-form-urlencoded', origin: page, ...from },
  });
  if (answer.status !== 200) throw new Error(`/token answered ${answer.status}: ${answer.text}`);
  const token: string = answer.json().access_token;
  const call = (method: string, path: string, options: RequestOptions = {}): Promise<Answer> =>
    app.request({ bearer: token }, method, path, {
      ...options,
      headers: { origin: page, accept: 'application/json, text/plain, */*', ...from, ...options.headers },
    });
  return Object.assign(call, { token });
}

const pick = ({ username, password }: { username: string; password: string }) => ({ username, password });

/** Sends as one client does: with its headers, and a bearer token where there is one. */
export const createSender =
  (app: TestApp, headers: Readonly<Record<string, string>>) =>
  (
    token: string | null,
    method: string,
    path: string,
    more: { json?: unknown; body?: Uint8Array; headers?: Record<string, string> } = {},
  ): Promise<Answer> => {
    const shown: Record<string, string> = token === null ? {} : { authorization: `Bearer ${token}` };
    return app.request(null, method, path, { ...more, headers: { ...headers, ...shown, ...more.headers } });
  };
