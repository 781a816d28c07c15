import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { request as plainRequest } from 'node:http';
import { type RequestOptions, request } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createTestApp, type Person, tinyPhoto } from './app.ts';
import { eventually } from './eventually.ts';
import { freePort } from './free-port.ts';
import { createLink } from './links.ts';

// The file that operators are given, as it is but for host names, ports and folders, in Debian's nginx.
const nginx = ['/usr/sbin/nginx', '/usr/local/sbin/nginx', '/usr/bin/nginx'].find(existsSync);
const config = readFileSync(join(import.meta.dirname, '../deploy/nginx.conf'), 'utf8');
const host = 'photos.example.org';

if (nginx) await describeNginx(nginx);
else test.skip('behind nginx: it is not installed', () => {});

async function describeNginx(binary: string): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'tintype-nginx-'));
  const [port, securePort] = [await freePort(), await freePort()];
  const app = await createTestApp({
    environment: { TINTYPE_PUBLIC_URL: `https://${host}:${securePort}`, TINTYPE_TRUSTED_PROXIES: '127.0.0.1' },
  });
  let child: ChildProcess | undefined;
  const logFile = join(folder, 'tintype.log');

  const replaceEach = (text: string, pairs: readonly (readonly [string, string])[]): string =>
    pairs.reduce((changed, [from, to]) => {
      // What is not there any more would be tried no more.
      if (!changed.includes(from)) throw new Error(`deploy/nginx.conf has no "${from}"`);
      return changed.replaceAll(from, to);
    }, text);

  beforeAll(async () => {
    const [key, certificate] = [join(folder, 'key.pem'), join(folder, 'cert.pem')];
    const subject = ['-subj', `/CN=${host}`, '-days', '2'];
    const made = ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'];
    execFileSync('openssl', [...made, '-keyout', key, '-out', certificate, ...subject], { stdio: 'ignore' });
    const site = replaceEach(config, [
      ['127.0.0.1:8000', new URL(app.url).host],
      ['listen 80;', `listen 127.0.0.1:${port};`],
      ['listen 443 ssl http2;', `listen 127.0.0.1:${securePort} ssl http2;`],
      ['/etc/ssl/photos.example.org/fullchain.pem', certificate],
      ['/etc/ssl/photos.example.org/privkey.pem', key],
      ['/var/log/nginx/tintype.log', logFile],
      ['proxy_set_header Host $host;', 'proxy_set_header Host $http_host;'],
    ]);
    const temp = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map(
      (kind) => `${kind}_temp_path ${folder}/${kind};`,
    );
    const file = join(folder, 'nginx.conf');
    await writeFile(
      file,
      `daemon off; master_process off; error_log ${folder}/error.log; pid ${folder}/pid; events {} http { ${temp.join(' ')}\n${site} }`,
    );
    child = spawn(binary, ['-c', file, '-p', folder], { stdio: 'ignore' });
    await eventually(() => send('GET', '/api/v1/health'));
  });
  afterAll(async () => {
    if (child && child.exitCode === null) {
      child.kill('SIGTERM');
      await once(child, 'exit');
    }
    await rm(folder, { recursive: true, force: true });
  });

  interface Sent {
    readonly as?: Person;
    readonly headers?: Readonly<Record<string, string>>;
    readonly body?: Buffer | string;
    /** The address that the caller has. */
    readonly from?: string;
    /** Without telling how long it is, as browsers stream. */
    readonly chunked?: boolean;
  }

  /** One request over TLS, as a person's browser makes it. */
  function send(method: string, path: string, { as, headers, body, from, chunked }: Sent = {}) {
    const options: RequestOptions = {
      host: '127.0.0.1',
      port: securePort,
      servername: host,
      rejectUnauthorized: false,
      // A connection each: nginx answers an upload that is refused on its way with "keep-alive" and closes at once, and whoever
      // sends the next request before the close arrives is hung up on (docs/pitfalls.md).
      agent: false,
      method,
      path,
      localAddress: from ?? '127.0.0.1',
      headers: {
        host: `${host}:${securePort}`,
        ...(as ? { authorization: `Bearer ${as.bearer}` } : {}),
        ...(body === undefined || chunked ? {} : { 'content-length': Buffer.byteLength(body) }),
        ...headers,
      },
    };
    return new Promise<{ status: number; headers: Record<string, unknown>; body: Buffer }>((resolve, reject) => {
      const sent = request(options, (response) => {
        const chunks: Buffer[] = [];
        response.on('data', (chunk: Buffer) => chunks.push(chunk));
        response.on('error', reject);
        response.on('end', () =>
          resolve({ status: response.statusCode ?? 0, headers: response.headers, body: Buffer.concat(chunks) }),
        );
      });
      sent.on('error', reject);
      sent.end(body);
    });
  }
  const json = { 'content-type': 'application/json' };

  describe('behind nginx, by the configuration that comes along', () => {
    let person: Person;
    beforeAll(async () => {
      person = await app.signUp('ines');
    });

    test('plain http leads to https', async () => {
      const location = await new Promise((resolve, reject) => {
        const sent = plainRequest({ host: '127.0.0.1', port, path: '/albums?x=1', headers: { host } }, (response) => {
          response.resume();
          resolve([response.statusCode, response.headers.location]);
        });
        sent.on('error', reject);
        sent.end();
      });
      expect(location).toEqual([301, `https://${host}/albums?x=1`]);
    });

    test('a sign-in gets a cookie for https alone, and the log has the address of the caller, not of who it claims to be', async () => {
      const answer = await send('POST', '/api/v1/auth/login', {
        from: '127.0.0.9',
        headers: { ...json, origin: `https://${host}:${securePort}`, 'x-forwarded-for': '203.0.113.7' },
        body: JSON.stringify({ username: person.username, password: person.password }),
      });
      expect([answer.status, String(answer.headers['set-cookie'])]).toEqual([200, expect.stringMatching(/; Secure/)]);
      const audit = await send('GET', '/api/v1/admin/audit?action=sign_in&limit=1', { as: person });
      expect(JSON.parse(audit.body.toString()).items[0].address).toBe('127.0.0.9');
    });

    test('uploads of any size and kind come through, and what is too large is told by Tintype itself', async () => {
      const bytes = await tinyPhoto(1);
      const padded = Buffer.concat([bytes, randomBytes(15 * 1024 * 1024)]);
      const upload = (body: Buffer, chunked: boolean) =>
        send('POST', '/api/v1/photos?filename=a.jpg', {
          as: person,
          headers: { 'content-type': 'image/jpeg' },
          body,
          chunked,
        });
      for (const chunked of [false, true]) {
        const { status, body } = await upload(Buffer.concat([padded, Buffer.from([Number(chunked)])]), chunked);
        expect([status, body.toString().slice(0, 200)]).toEqual([201, expect.stringMatching(/^\{"id":/)]);
        const refused = await upload(Buffer.concat([padded, padded]), chunked);
        expect([refused.status, JSON.parse(refused.body.toString()).error.code]).toEqual([413, 'too_large']);
      }
    });

    test('pieces, and what has not changed', async () => {
      const { id } = await app.upload(person, await tinyPhoto(2));
      const path = `/api/v1/photos/${id}/original`;
      const whole = await send('GET', path, { as: person });
      const piece = await send('GET', path, { as: person, headers: { range: 'bytes=100-199' } });
      expect([piece.status, piece.headers['content-range'], piece.body.equals(whole.body.subarray(100, 200))]).toEqual([
        206,
        `bytes 100-199/${whole.body.length}`,
        true,
      ]);
      const same = await send('GET', path, { as: person, headers: { 'if-none-match': String(whole.headers.etag) } });
      expect([same.status, same.body.length]).toEqual([304, 0]);
    });

    test('changes are heard as they happen', async () => {
      let heard = '';
      const stream = request({
        host: '127.0.0.1',
        port: securePort,
        servername: host,
        rejectUnauthorized: false,
        path: '/api/v1/events',
        headers: { host: `${host}:${securePort}`, authorization: `Bearer ${person.bearer}` },
      });
      stream.on('error', () => {});
      stream.on('response', (response) => response.on('data', (chunk) => (heard += chunk)));
      stream.end();
      await eventually(() => expect(heard).toMatch(/event: hello/));
      const { id } = await app.upload(person, await tinyPhoto(3));
      await eventually(() => expect(heard).toContain(id));
      stream.destroy();
    });

    test('its log has neither keys of links nor signatures', async () => {
      const { id } = await app.upload(person, await tinyPhoto(4));
      const link = await createLink(app, person, { photo_id: id });
      const listed = await send('GET', '/api/v1/photos?limit=1', { as: person });
      const { thumbnail_url: signed } = JSON.parse(listed.body.toString()).items[0];
      const visited = [
        link.path,
        link.apiPath,
        `${link.path}/photos/${id}/small`,
        `/albums?secret=${link.key}`,
        signed,
      ];
      for (const path of visited) expect((await send('GET', path)).status).toBeLessThan(500);
      const signature = new URL(signed, 'https://x').search.slice(1);
      await eventually(async () =>
        expect((await readFile(logFile, 'utf8')).split('\n').length).toBeGreaterThan(visited.length),
      );
      const log = await readFile(logFile, 'utf8');
      expect(log).toContain(`"GET /s/-/photos/${id}/small" `);
      expect(log).toContain(`"GET /api/v1/photos/${id}/`);
      expect(signature.length).toBeGreaterThan(20);
      for (const secret of [link.key, signature, 'secret=']) expect(log).not.toContain(secret);
    });
  });
}
