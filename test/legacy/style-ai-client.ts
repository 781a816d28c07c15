import { expect } from 'vitest';
import type { Answer, TestApp } from '../app.ts';

/** The page that the earlier system's app is served from: another origin than the server's. */
export const appOrigin = 'http://localhost:8100';

const browser = 'Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/141.0.0.0 Safari/537.36';

export interface StyleAiUser {
  readonly username: string;
  readonly email: string;
  readonly password: string;
}

/**
 * The earlier system's app as a server sees it: a page of another origin, whose every call that is not plain is asked for first, and
 * whose every call carries the token it keeps, once it has one.
 */
export function openStyleAiApp(app: TestApp, { userAgent = browser, ip = '198.51.100.7' } = {}) {
  let token: string | null = null;
  const common = { 'user-agent': userAgent, 'x-forwarded-for': ip, referer: `${appOrigin}/` };

  const ask = async (method: string, path: string, headers: readonly string[]): Promise<void> => {
    const answer = await app.request(null, 'OPTIONS', path, {
      headers: {
        ...common,
        origin: appOrigin,
        'access-control-request-method': method,
        'access-control-request-headers': headers.join(','),
      },
    });
    expect([200, 204], `preflight of ${method} ${path}`).toContain(answer.status);
    expect(['*', appOrigin]).toContain(answer.headers['access-control-allow-origin']);
    expect(listOf(answer, 'access-control-allow-methods')).toContain(method.toLowerCase());
    const allowed = listOf(answer, 'access-control-allow-headers');
    for (const header of headers) expect(allowed).toContain(header);
    expect(answer.headers['access-control-allow-credentials']).toBeUndefined();
  };

  /** A call of axios: asked for first where a browser would, and readable by the page. */
  const call = async (method: string, path: string, json?: unknown): Promise<Answer> => {
    const special = [...(token ? ['authorization'] : []), ...(json === undefined ? [] : ['content-type'])];
    if (special.length > 0 || !['GET', 'HEAD', 'POST'].includes(method)) await ask(method, path, special);
    const answer = await app.request(null, method, path, {
      ...(json === undefined ? {} : { json }),
      headers: {
        ...common,
        accept: 'application/json, text/plain, */*',
        origin: appOrigin,
        ...(token ? { authorization: `Bearer ${token}` } : {}),
      },
    });
    expect(['*', appOrigin], `${method} ${path} can be read by the page`).toContain(
      answer.headers['access-control-allow-origin'],
    );
    expect(answer.headers['set-cookie']).toBeUndefined();
    return answer;
  };

  return {
    call,
    /** `<img src>`: without a header that says who asks. */
    image: (url: string): Promise<Answer> =>
      app.request(null, 'GET', url, {
        headers: {
          ...common,
          accept: 'image/avif,image/webp,image/apng,image/svg+xml,image/*,*/*;q=0.8',
          'sec-fetch-dest': 'image',
          'sec-fetch-mode': 'no-cors',
          'sec-fetch-site': 'cross-site',
        },
      }),
    keep(next: string | null): void {
      token = next;
    },
    get token(): string {
      return token ?? '';
    },
    async register(user: StyleAiUser): Promise<Answer> {
      const answer = await call('POST', '/auth/register', user);
      if (answer.status === 201) token = answer.json().access_token;
      return answer;
    },
    async login(username: string, password: string): Promise<Answer> {
      const answer = await call('POST', '/auth/login', { username, password });
      if (answer.status === 200) token = answer.json().access_token;
      return answer;
    },
    /** What the camera page sends. */
    upload: (bytes: Uint8Array, more: object = {}): Promise<Answer> =>
      call('POST', '/upload', { image: toDataUrl(bytes), ...more }),
    images: async (): Promise<StyleAiImage[]> => (await call('GET', '/images')).json().images,
  };
}

export type StyleAiApp = ReturnType<typeof openStyleAiApp>;

export interface StyleAiImage {
  readonly id: string;
  readonly user_id: string;
  readonly filename: string;
  readonly original_filename: string;
  readonly url: string;
  readonly timestamp: string;
  readonly style: string;
}

export const toDataUrl = (bytes: Uint8Array): string =>
  `data:image/jpeg;base64,${Buffer.from(bytes).toString('base64')}`;

const listOf = (answer: Answer, header: string): string[] =>
  String(answer.headers[header] ?? '')
    .toLowerCase()
    .split(/ *, */);
