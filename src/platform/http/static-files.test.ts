import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { brotliDecompressSync, gunzipSync } from 'node:zlib';
import { afterAll, expect, test } from 'vitest';
import { createStaticFiles } from './static-files.ts';

const root = await mkdtemp(join(tmpdir(), 'tintype-web-'));
afterAll(() => rm(root, { recursive: true, force: true }));
await mkdir(join(root, '_app/immutable'), { recursive: true });
const page = '<!doctype html><script>let a = 1;</script><script src="/x.js"></script>';
const script = 'export const long = 1;\n'.repeat(100);
await writeFile(join(root, 'index.html'), page);
await writeFile(join(root, '_app/immutable/start.js'), script);
await writeFile(join(root, 'guest.html'), '<!doctype html><!--head--><script>let b = 2;</script><p><!--words--></p>');
await writeFile(join(root, 'robots.txt'), 'User-agent: *');
const files = await createStaticFiles(root);

const get = (path: string, headers: Record<string, string> = {}, method = 'GET') =>
  files.respond(path, new Request(`http://localhost${path}`, { headers, method }));

test('every address of the app is its page, whose policy names its inline script and no other', async () => {
  for (const path of [
    '/',
    '/photos',
    '/photos/0197f3c2-7b1e-7c3a-9d57-3f0a4b5c6d7e',
    '/settings/api-keys',
    '/organizations',
  ]) {
    const response = await get(path);
    expect(await response?.text()).toBe(page);
    expect(response?.headers.get('cache-control')).toBe('no-cache');
    const policy = response?.headers.get('content-security-policy') ?? '';
    expect(policy.match(/'sha256-[^']+'/g)).toHaveLength(1);
    expect(policy).not.toContain('unsafe');
  }
});

test('the pages of the app, and no others, load pictures from where they are told', async () => {
  const told = await createStaticFiles(root, ['https://pictures.example.org']);
  const policyOf = (response: Response | null) => response?.headers.get('content-security-policy') ?? '';
  expect(policyOf(await told.respond('/', new Request('http://localhost/')))).toContain(
    "img-src 'self' blob: data: https://pictures.example.org;",
  );
  expect(policyOf(await told.fill('/guest.html', {}))).toContain("img-src 'self' blob: data:;");
  expect(policyOf(await get('/'))).toContain("img-src 'self' blob: data:;");
});

test('files are compressed as the browser takes them, and kept for ever where their name has a hash', async () => {
  const path = '/_app/immutable/start.js';
  const plain = await get(path);
  expect(plain?.headers.get('cache-control')).toBe('public, max-age=31536000, immutable');
  expect(plain?.headers.get('content-type')).toBe('text/javascript; charset=utf-8');
  expect(await plain?.text()).toBe(script);
  const bytesOf = async (response: Response | null) => new Uint8Array((await response?.arrayBuffer()) ?? []);
  const br = await get(path, { 'accept-encoding': 'gzip, br' });
  expect(br?.headers.get('content-encoding')).toBe('br');
  expect(brotliDecompressSync(await bytesOf(br)).toString()).toBe(script);
  const gz = await get(path, { 'accept-encoding': 'gzip' });
  expect(gunzipSync(await bytesOf(gz)).toString()).toBe(script);
  const again = await get(path, { 'if-none-match': plain?.headers.get('etag') ?? '' });
  expect(again?.status).toBe(304);
  expect(await (await get(path, {}, 'HEAD'))?.text()).toBe('');
});

test.each(['/x.js', '/../package.json', '/_app/immutable/../../../etc/passwd.txt', '/favicon.ico'])(
  'what looks like a file and is none is absent: %s',
  async (path) => {
    expect(await files.respond(path, new Request('http://localhost/'))).toBeNull();
  },
);

test('a filled page holds what it was given, runs no script of it, and is kept, found and passed on by nobody', async () => {
  const response = await files.fill('/guest.html', { head: '<title>$& Lakes</title><script>alert(1)</script>' });
  expect(await response?.text()).toBe(
    '<!doctype html><title>$& Lakes</title><script>alert(1)</script><script>let b = 2;</script><p></p>',
  );
  expect(response?.headers.get('content-security-policy')?.match(/'sha256-[^']+'/g)).toHaveLength(1);
  expect(response?.headers.get('cache-control')).toBe('no-store');
  expect(response?.headers.get('referrer-policy')).toBe('no-referrer');
  expect(response?.headers.get('x-robots-tag')).toContain('noindex');
});

test('a build under a running server changes nothing for it', async () => {
  await writeFile(join(root, 'robots.txt'), 'changed');
  expect(await (await get('/robots.txt'))?.text()).toBe('User-agent: *');
});

test('without a build there is no page', async () => {
  const none = await createStaticFiles(join(root, 'absent'));
  expect(await none.respond('/photos', new Request('http://localhost/photos'))).toBeNull();
  expect(await none.fill('/guest.html', {})).toBeNull();
});
