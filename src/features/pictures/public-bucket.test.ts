import { createHash } from 'node:crypto';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import {
  CreateBucketCommand,
  DeleteObjectCommand,
  GetObjectCommand,
  ListObjectsV2Command,
  PutBucketPolicyCommand,
  PutObjectCommand,
  S3Client,
} from '@aws-sdk/client-s3';
import { type Kysely, sql } from 'kysely';
import sharp from 'sharp';
import { afterAll, describe, expect, test } from 'vitest';
import { createPublicBucket } from '#platform/blobs/public-bucket.ts';
import { createS3Store } from '#platform/blobs/s3-store.ts';
import { asSystem } from '#platform/database/as-system.ts';
import { createTestApp, type Person, type TestApp, type TestAppOptions, tinyPhoto } from '../../../test/app.ts';
import { createTestDatabase } from '../../../test/database.ts';
import { createFaultyProxy } from '../../../test/faulty-proxy.ts';
import { hasRadosgw, startRadosgw } from '../../../test/radosgw.ts';
import { slowness } from '../../../test/slowness.ts';
import { sweepPublished, sweepUnknown } from './sweep-published.ts';
import { publishMissing, verifyPublished } from './verify-published.ts';

const sizes = ['', '&size=512', '&size=256', '&size=128', '&size=64'];
const patience = { timeout: 30_000 * slowness };
const sha256 = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');

if (hasRadosgw) await describePublicBucket();
else test.skip('a bucket for public pictures: radosgw is not installed', () => {});

async function describePublicBucket(): Promise<void> {
  const server = await startRadosgw();
  const { endpoint, ...credentials } = server;
  const client = new S3Client({ endpoint, credentials, region: 'us-east-1', forcePathStyle: true });
  const proxy = await createFaultyProxy(endpoint);
  afterAll(async () => {
    client.destroy();
    await proxy.close();
    await server.stop();
  });

  const readableBy = (bucket: string) =>
    client.send(
      new PutBucketPolicyCommand({
        Bucket: bucket,
        Policy: JSON.stringify({
          Version: '2012-10-17',
          Statement: [
            { Effect: 'Allow', Principal: '*', Action: 's3:GetObject', Resource: `arn:aws:s3:::${bucket}/*` },
          ],
        }),
      }),
    );
  for (const Bucket of ['photos', 'pictures', 'closed', 'open']) await client.send(new CreateBucketCommand({ Bucket }));
  await readableBy('pictures');
  await readableBy('open');

  const listOf = async (bucket: string, prefix: string): Promise<string[]> => {
    const { Contents = [] } = await client.send(new ListObjectsV2Command({ Bucket: bucket, Prefix: prefix }));
    return Contents.map(({ Key = '' }) => Key.slice(prefix.length)).sort();
  };
  const plain = {
    TINTYPE_STORAGE: 's3',
    S3_ENDPOINT: proxy.endpoint,
    S3_BUCKET: 'photos',
    S3_ACCESS_KEY_ID: server.accessKeyId,
    S3_SECRET_ACCESS_KEY: server.secretAccessKey,
  };
  const published = { ...plain, S3_PUBLIC_BUCKET: 'pictures', S3_PUBLIC_URL: `${endpoint}/pictures` };
  const start = (prefix: string, environment: Record<string, string> = published, more: Partial<TestAppOptions> = {}) =>
    createTestApp({ environment: { ...environment, S3_PREFIX: prefix }, ...more });
  const bucketOf = (prefix: string, bucket = 'pictures') => {
    const options = { endpoint: proxy.endpoint, region: 'us-east-1', forcePathStyle: true, ...credentials };
    const opened = createPublicBucket({ ...options, bucket, prefix: `${prefix}/` });
    afterAll(() => opened.close());
    return opened;
  };

  let seed = 31_000;
  const next = () => {
    seed += 1;
    return tinyPhoto(seed, { width: 700, height: 500 });
  };
  async function show(app: TestApp, as: Person, kind: string, body: Uint8Array): Promise<string> {
    const answer = await app.request(as, 'PUT', `/api/v1/me/pictures/${kind}`, { body });
    if (answer.status !== 200) throw new Error(`a picture was answered ${answer.status}: ${answer.text}`);
    return answer.json().url;
  }
  /** Where each file of a picture is read by everybody, by its size. */
  async function addressesOf(app: TestApp, url: string): Promise<string[]> {
    const found: string[] = [];
    for (const size of sizes) {
      const { status, headers } = await app.request(null, 'GET', `${url}${size}`);
      if (status !== 302) throw new Error(`${url}${size} was answered ${status}`);
      found.push(String(headers.location));
    }
    return found;
  }
  const namesOf = (addresses: readonly string[]): string[] =>
    [...new Set(addresses.map((address) => address.slice(address.indexOf('pictures/', endpoint.length + 10))))].sort();

  describe('a library with a bucket for public pictures', async () => {
    const app = await start('a');
    const bucket = bucketOf('a');
    const deps = { database: app.database.database, bucket, openFormer: async () => null };
    const admin = await app.signUp();
    const signal = new AbortController().signal;
    const there = () => listOf('pictures', 'a/');
    const withdraw = () => sweepPublished(deps, { graceMs: 0, signal });

    test('sends whoever has the address of a picture there, where everybody reads exactly its bytes', async () => {
      const person = await app.signUp();
      const url = await show(app, person, 'profile', await next());
      expect(url).toMatch(/^\/images\/users\/[0-9a-f-]{36}\/profile\?v=[0-9a-f]{16}$/);
      for (const [n, size] of sizes.entries()) {
        const answer = await app.request(null, 'GET', `${url}${size}`);
        const { date: _, connection: __, 'keep-alive': ___, location = '', ...headers } = answer.headers;
        expect([answer.status, answer.body.length, headers]).toEqual([
          302,
          0,
          {
            'content-length': '0',
            'x-content-type-options': 'nosniff',
            'cross-origin-resource-policy': 'cross-origin',
            'cache-control': 'public, max-age=86400',
          },
        ]);
        const read = await fetch(location);
        const bytes = Buffer.from(await read.arrayBuffer());
        expect([read.status, read.headers.get('content-type'), read.headers.get('cache-control')]).toEqual([
          200,
          'image/webp',
          'public, max-age=31536000, immutable',
        ]);
        expect(read.headers.get('content-length')).toBe(String(bytes.length));
        expect(location).toBe(`${endpoint}/pictures/a/pictures/${sha256(bytes)}.webp`);
        const { width, format } = await sharp(bytes).metadata();
        expect([format, width]).toEqual(['webp', [700, 512, 256, 128, 64][n]]);
        if (n === 0) expect(url.endsWith(sha256(bytes).slice(0, 16))).toBe(true);
      }
      expect((await app.request(null, 'HEAD', url)).status).toBe(302);
      expect((await app.request(null, 'GET', `${url}&size=63`)).status).toBe(400);
    });

    test('answers with the bytes itself who has another address, with an ETag and for a minute', async () => {
      const person = await app.signUp();
      const former = await show(app, person, 'profile', await next());
      const url = await show(app, person, 'profile', await next());
      const [whole = ''] = await addressesOf(app, url);
      const bytes = Buffer.from(await (await fetch(whole)).arrayBuffer());
      for (const address of [`/images/users/${person.id}/profile`, former]) {
        const answer = await app.request(null, 'GET', address);
        expect([answer.status, answer.headers['cache-control'], answer.body.equals(bytes)]).toEqual([
          200,
          'public, max-age=60',
          true,
        ]);
        const headers = { 'if-none-match': String(answer.headers.etag) };
        expect((await app.request(null, 'GET', address, { headers })).status).toBe(304);
      }
      const hash = sha256(Buffer.from(person.email));
      await app.request(person, 'PATCH', '/api/v1/me', { json: { avatar_by_email: true } });
      const avatar = await app.request(null, 'GET', `/avatar/${hash}?s=64`);
      expect([avatar.status, avatar.headers['content-type']]).toEqual([200, 'image/webp']);
    });

    test('keeps everything in the private bucket as well, and nothing but pictures in the public one', async () => {
      await withdraw();
      const before = await there();
      const person = await app.signUp();
      const photo = await app.upload(person, await tinyPhoto(1, { width: 900, height: 600 }));
      const cut = await app.request(person, 'PUT', '/api/v1/me/pictures/cover', {
        json: { photo_id: photo.id, crop: { x: 0, y: 0, width: 0.5, height: 1 } },
      });
      const addresses = await addressesOf(app, cut.json().url);
      expect((await there()).filter((key) => !before.includes(key))).toEqual(namesOf(addresses));
      const objects = new Set<string>();
      for (const key of await there()) {
        const { Body } = await client.send(new GetObjectCommand({ Bucket: 'pictures', Key: `a/${key}` }));
        const bytes = Buffer.from((await Body?.transformToByteArray()) ?? []);
        expect(key).toBe(`pictures/${sha256(bytes)}.webp`);
        objects.add(sha256(bytes));
      }
      // Of the photo nothing is there, and each of its files is private.
      const files = await listOf('photos', 'a/');
      for (const variant of ['original', 'preview', 'medium', 'small']) {
        const { body } = await app.request(person, 'GET', `/api/v1/photos/${photo.id}/${variant}`);
        expect(objects.has(sha256(body))).toBe(false);
      }
      expect(files.filter((key) => key.includes('.picture')).length % 5).toBe(0);
      for (const key of files) expect((await fetch(`${endpoint}/photos/a/${key}`)).status).toBe(403);
    });

    test('leaves a picture that was replaced to pages that are open, and takes it away then', async () => {
      const person = await app.signUp();
      const former = namesOf(await addressesOf(app, await show(app, person, 'profile', await next())));
      const current = namesOf(await addressesOf(app, await show(app, person, 'profile', await next())));
      await sweepPublished(deps, { graceMs: 60_000, signal });
      expect(await there()).toEqual(expect.arrayContaining([...former, ...current]));
      await withdraw();
      const left = await there();
      expect(left).toEqual(expect.arrayContaining(current));
      expect(left.filter((key) => former.includes(key))).toEqual([]);
    });

    test('of two pictures with the same small files keeps these for whoever shows one', async () => {
      const [one, two] = [await app.signUp(), await app.signUp()];
      const flat = (side: number) =>
        sharp({ create: { width: side, height: side, channels: 3, background: 'teal' } })
          .png()
          .toBuffer();
      const first = namesOf(await addressesOf(app, await show(app, one, 'profile', await flat(1000))));
      const url = await show(app, two, 'profile', await flat(900));
      const second = namesOf(await addressesOf(app, url));
      expect(first.filter((key) => second.includes(key)).length).toBeGreaterThan(0);
      await app.request(one, 'DELETE', '/api/v1/me/pictures/profile');
      await expect
        .poll(async () => (await there()).filter((key) => first.includes(key)), patience)
        .toEqual(first.filter((key) => second.includes(key)));
      for (const address of await addressesOf(app, url)) expect((await fetch(address)).status).toBe(200);
    });

    test('takes away soon what somebody took away, and what goes with them', {
      timeout: 60_000 * slowness,
    }, async () => {
      const person = await app.signUp();
      const kept = namesOf(await addressesOf(app, await show(app, admin, 'profile', await next())));
      const gone = namesOf(await addressesOf(app, await show(app, person, 'cover', await next())));
      await app.request(person, 'DELETE', '/api/v1/me/pictures/cover');
      const left = (keys: readonly string[]) => async () => (await there()).filter((key) => keys.includes(key));
      await expect.poll(left(gone), patience).toEqual([]);

      const profile = namesOf(await addressesOf(app, await show(app, person, 'profile', await next())));
      const organization = (
        await app.request(person, 'POST', '/api/v1/organizations', { json: { name: 'Choir' } })
      ).json();
      const path = `/api/v1/organizations/${organization.id}`;
      const logoUrl = (await app.request(person, 'PUT', `${path}/logo`, { body: await next() })).json().url;
      const logo = namesOf(await addressesOf(app, logoUrl));
      await app.request(person, 'DELETE', path);
      await expect.poll(left(logo), patience).toEqual([]);
      expect(await left(profile)()).toEqual(profile);

      await app.request(person, 'DELETE', '/api/v1/me', {
        json: { password: person.password, confirm: person.username },
      });
      await expect.poll(left(profile), patience).toEqual([]);
      expect(await left(kept)()).toEqual(kept);
    });

    test('shows nothing of somebody who is disabled there either, until they are back', {
      timeout: 60_000 * slowness,
    }, async () => {
      const person = await app.signUp();
      const url = await show(app, person, 'profile', await next());
      const keys = namesOf(await addressesOf(app, url));
      const left = async () => (await there()).filter((key) => keys.includes(key));
      const set = (disabled: boolean) =>
        app.request(admin, 'PATCH', `/api/v1/users/${person.id}`, { json: { disabled } });
      await set(true);
      await expect.poll(left, patience).toEqual([]);
      expect((await app.request(null, 'GET', url)).status).toBe(404);
      await set(false);
      await expect.poll(left, patience).toEqual(keys);
      await expect.poll(async () => (await app.request(null, 'GET', url)).status, patience).toBe(302);
    });

    test('puts back what is missing there, and deletes what belongs to nothing', async () => {
      const person = await app.signUp();
      const url = await show(app, person, 'profile', await next());
      const keys = namesOf(await addressesOf(app, url));
      const [lost = ''] = keys;
      await client.send(new DeleteObjectCommand({ Bucket: 'pictures', Key: `a/${lost}` }));
      const stray = `pictures/${'c'.repeat(64)}.webp`;
      for (const Key of [`a/${stray}`, 'a/pictures/robots.txt']) {
        await client.send(new PutObjectCommand({ Bucket: 'pictures', Key, Body: 'left' }));
      }
      expect(await verifyPublished(deps, signal)).toBe(1);
      expect((await app.request(null, 'GET', url)).status).toBeOneOf([200, 302]);
      const blobs = createS3Store({
        endpoint,
        region: 'us-east-1',
        forcePathStyle: true,
        ...credentials,
        bucket: 'photos',
        prefix: 'a/',
        tempDir: app.dataDir,
      });
      await publishMissing({ ...deps, blobs }, signal);
      blobs.close();
      expect(await there()).toEqual(expect.arrayContaining(keys));
      expect(await sweepUnknown(deps, { graceMs: 60_000, signal })).toBe(0);
      expect(await there()).toContain(stray);
      expect(await sweepUnknown(deps, { graceMs: 0, signal })).toBe(1);
      // What is no picture is somebody else's.
      expect(await there()).toEqual(expect.arrayContaining([...keys, 'pictures/robots.txt']));
      await client.send(new DeleteObjectCommand({ Bucket: 'pictures', Key: 'a/pictures/robots.txt' }));
      await expect.poll(async () => (await app.request(null, 'GET', url)).status, patience).toBe(302);
    });

    test.each(['error', 'refused credentials'] as const)(
      'answers 503 to all of %s, and the picture before stays',
      { timeout: 60_000 * slowness },
      async (fault) => {
        const person = await app.signUp();
        const url = await show(app, person, 'profile', await next());
        await withdraw();
        const before = await there();
        const rows = () =>
          asSystem(app.database.database, (tx: Kysely<unknown>) =>
            sql`select blob_hash, variant from published_pictures order by 1, 2`
              .execute(tx)
              .then((found) => found.rows),
          );
        const known = await rows();
        // One file goes wrong, others have come or are still on their way.
        let puts = 0;
        proxy.spoil = ({ method, url: path = '' }) => {
          if (method !== 'PUT' || !path.startsWith('/pictures/')) return null;
          puts += 1;
          if (puts === 1) return 'late';
          return puts > 2 ? fault : null;
        };
        const answer = await app.request(person, 'PUT', '/api/v1/me/pictures/profile', { body: await next() });
        proxy.spoil = () => null;
        // What comes after the others were taken back would stay.
        expect(proxy.unanswered().filter((request) => request.startsWith('PUT'))).toEqual([]);
        expect([answer.status, answer.json().error.code]).toEqual([503, 'unavailable']);
        expect((await app.request(person, 'GET', '/api/v1/me')).json().profile_picture_url).toBe(url);
        expect(await rows()).toEqual(known);
        await expect.poll(there, patience).toEqual(before);
        expect((await app.request(null, 'GET', url)).status).toBe(302);
      },
    );

    test('is told of to administrators, without secrets', async () => {
      const answer = await app.request(admin, 'GET', '/api/v1/admin/storage');
      const files = (await there()).length;
      expect(answer.json().public_place).toEqual({
        name: 'pictures',
        url: `${endpoint}/pictures`,
        files: expect.any(Number),
        bytes: expect.any(Number),
        missing: 0,
        is_read: true,
        probe: { ok: true, error: null },
      });
      expect(answer.json().public_place.files).toBe(files);
      expect(answer.text).not.toContain(server.secretAccessKey);
      const quick = await app.request(admin, 'GET', '/api/v1/admin/storage?probe=false');
      expect(quick.json().public_place.probe).toBe(null);
      expect(await there()).toHaveLength(files);
    });
  });

  describe('a public bucket that comes later', async () => {
    const database = await createTestDatabase();
    const without = await start('b', plain, { database });
    const person = await without.signUp();
    const url = await show(without, person, 'profile', await next());

    test('gets the pictures that are shown already, and gives them back when it goes', {
      timeout: 90_000 * slowness,
    }, async () => {
      const direct = await without.request(null, 'GET', url);
      expect([direct.status, direct.headers['cache-control']]).toEqual([200, 'public, max-age=31536000, immutable']);
      expect((await without.request(person, 'GET', '/api/v1/admin/storage')).json().public_place).toBe(null);
      expect(await listOf('pictures', 'b/')).toEqual([]);
      await without.close();

      const app = await start('b', published, { database });
      await expect.poll(async () => (await listOf('pictures', 'b/')).length, patience).toBe(5);
      await expect.poll(async () => (await app.request(null, 'GET', url)).status, patience).toBe(302);
      const [whole = ''] = await addressesOf(app, url);
      expect(Buffer.from(await (await fetch(whole)).arrayBuffer()).equals(direct.body)).toBe(true);
      await app.close();

      // Another bucket: what lies in the former is taken away, with the same credentials.
      const moved = await start(
        'b',
        { ...published, S3_PUBLIC_BUCKET: 'open', S3_PUBLIC_URL: `${endpoint}/open` },
        { database },
      );
      await expect.poll(async () => (await listOf('open', 'b/')).length, patience).toBe(5);
      await expect.poll(() => listOf('pictures', 'b/'), patience).toEqual([]);
      await moved.close();

      const again = await start('b', plain, { database });
      await expect.poll(() => listOf('open', 'b/'), patience).toEqual([]);
      const last = await again.request(null, 'GET', url);
      expect([last.status, last.body.equals(direct.body)]).toEqual([200, true]);
    });
  });

  describe('the start of a server', async () => {
    const database = await createTestDatabase();
    /** A domain before a bucket, as providers have them: it reads with rights of its own. */
    async function connect(bucket: string | null) {
      let connected = bucket;
      const front = createServer((request, response) => {
        const refuse = () => response.writeHead(404).end();
        if (!connected) return refuse();
        client
          .send(new GetObjectCommand({ Bucket: connected, Key: decodeURIComponent(request.url ?? '').slice(1) }))
          .then(async ({ Body, ContentType }) => {
            response.writeHead(200, { 'content-type': ContentType }).end(await Body?.transformToByteArray());
          }, refuse);
      });
      await new Promise<void>((resolve) => front.listen(0, '127.0.0.1', resolve));
      afterAll(() => front.close());
      return {
        url: `http://127.0.0.1:${(front.address() as AddressInfo).port}`,
        to: (other: string) => {
          connected = other;
        },
      };
    }
    const refusal = (environment: Record<string, string>) =>
      start('c', environment, { database }).then(
        () => 'it started',
        (error: Error) => error.message,
      );

    test('is refused where strangers read the bucket of photos', async () => {
      const domain = await connect('photos');
      expect(await refusal({ ...published, S3_PUBLIC_BUCKET: 'closed', S3_PUBLIC_URL: domain.url })).toBe(
        `S3_BUCKET: anybody can read what is in the bucket "photos" (at ${new URL(domain.url).host}), and private photos must not lie there. Make it private, or name another.`,
      );
      expect(await refusal({ ...published, S3_BUCKET: 'open' })).toMatch(
        /^S3_BUCKET: anybody can read what is in the bucket "open"/,
      );
      expect(await listOf('photos', 'c/')).toEqual([]);
      expect(await listOf('open', 'c/')).toEqual([]);
    });

    test('is refused where there is no such bucket', async () => {
      expect(await refusal({ ...published, S3_PUBLIC_BUCKET: 'no-such-bucket' })).toBe(
        `S3_PUBLIC_BUCKET: ${proxy.endpoint} has no bucket "no-such-bucket". Make it, or name another.`,
      );
    });

    test('goes on while the domain is not connected yet: the server shows pictures itself until it is', async () => {
      const domain = await connect(null);
      const app = await start(
        'd',
        { ...published, S3_PUBLIC_BUCKET: 'closed', S3_PUBLIC_URL: domain.url },
        { database },
      );
      const person = await app.signUp();
      const url = await show(app, person, 'profile', await next());
      expect((await app.request(null, 'GET', url)).status).toBe(200);
      const status = async () => (await app.request(person, 'GET', '/api/v1/admin/storage')).json().public_place;
      expect(await status()).toMatchObject({
        is_read: false,
        files: 5,
        probe: {
          ok: false,
          error: `S3_PUBLIC_BUCKET: ${domain.url} answers 404 to what is in the bucket "closed". Connect the two, and let everybody read the bucket.`,
        },
      });
      domain.to('closed');
      expect(await status()).toMatchObject({ is_read: true, probe: { ok: true, error: null } });
      const answer = await app.request(null, 'GET', url);
      expect([answer.status, String(answer.headers.location).startsWith(`${domain.url}/d/pictures/`)]).toEqual([
        302,
        true,
      ]);
      // Connected to the wrong one meanwhile: nobody is sent there any more.
      domain.to('photos');
      expect(await status()).toMatchObject({
        is_read: false,
        probe: { error: expect.stringMatching(/anybody can read/) },
      });
      expect((await app.request(null, 'GET', url)).status).toBe(200);
    });
  });
}
