import { randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { CreateBucketCommand, ListObjectsV2Command, S3Client } from '@aws-sdk/client-s3';
import { type Kysely, sql } from 'kysely';
import sharp from 'sharp';
import { afterAll, describe, expect, test } from 'vitest';
import { parseConfig } from '../src/config.ts';
import { asSystem } from '../src/platform/database/as-system.ts';
import { createTestApp, type Person, type TestApp } from './app.ts';
import { createFaultyProxy } from './faulty-proxy.ts';
import { makePhoto } from './fixtures/photo.ts';
import { hasRadosgw, startRadosgw } from './radosgw.ts';
import { slowness } from './slowness.ts';

const api = '/api/v1';
/** Noise, so that the file is as large as its pixels; larger than what is read at a time. */
const large = (): Promise<Buffer> =>
  sharp(randomBytes(900 * 900 * 3), { raw: { width: 900, height: 900, channels: 3 } })
    .png({ compressionLevel: 0 })
    .toBuffer();

/** What people see of a library, wherever its bytes are. */
function describeLibrary(open: () => { app: TestApp; person: Person }): void {
  test('what was uploaded comes back, whole and in ranges, with its thumbnails', async () => {
    const { app, person } = open();
    const bytes = await large();
    const { id } = await app.upload(person, bytes, 'noise.png');
    const original = await app.request(person, 'GET', `${api}/photos/${id}/original`);
    expect(original.body.equals(bytes)).toBe(true);
    const [from, to] = [600_000, 1_400_000];
    const headers = { range: `bytes=${from}-${to - 1}` };
    const range = await app.request(person, 'GET', `${api}/photos/${id}/original`, { headers });
    expect([range.status, range.body.equals(bytes.subarray(from, to))]).toEqual([206, true]);
    for (const variant of ['small', 'medium', 'preview']) {
      const answer = await app.request(person, 'GET', `${api}/photos/${id}/${variant}`);
      expect([answer.status, (await sharp(answer.body).metadata()).width]).toEqual([200, expect.any(Number)]);
    }
  });
}

describe('a library that keeps its photos in PostgreSQL', async () => {
  const app = await createTestApp({ environment: { TINTYPE_STORAGE: 'postgres' } });
  const person = await app.signUp();
  describeLibrary(() => ({ app, person }));
});

if (hasRadosgw) await describeBucket();
else test.skip('a library that keeps its photos in a bucket: radosgw is not installed', () => {});

async function describeBucket(): Promise<void> {
  const server = await startRadosgw();
  const { endpoint, ...credentials } = server;
  const client = new S3Client({ endpoint, credentials, region: 'us-east-1', forcePathStyle: true });
  await client.send(new CreateBucketCommand({ Bucket: 'photos' }));
  const proxy = await createFaultyProxy(endpoint);
  const app = await createTestApp({
    environment: {
      TINTYPE_STORAGE: 's3',
      S3_ENDPOINT: proxy.endpoint,
      S3_BUCKET: 'photos',
      S3_ACCESS_KEY_ID: server.accessKeyId,
      S3_SECRET_ACCESS_KEY: server.secretAccessKey,
    },
  });
  const person = await app.signUp();
  afterAll(async () => {
    await app.close();
    client.destroy();
    await proxy.close();
    await server.stop();
  });

  const keys = async () => {
    const { Contents = [] } = await client.send(new ListObjectsV2Command({ Bucket: 'photos' }));
    return Contents.map(({ Key }) => Key);
  };
  const rows = () =>
    app.database.database.as({ kind: 'user', id: person.id }, (tx: Kysely<unknown>) =>
      sql<{ n: number }>`select count(*)::int as n from photos`.execute(tx).then((found) => found.rows[0]?.n),
    );

  describe('a library that keeps its photos in a bucket', () => {
    describeLibrary(() => ({ app, person }));

    test.each(['error', 'refused credentials'] as const)(
      'answers 503 to all of %s, and leaves nothing',
      async (fault) => {
        const before = [await rows(), await keys()];
        proxy.spoil = ({ method }) => (method === 'PUT' ? fault : null);
        const answer = await app.request(person, 'POST', `${api}/photos`, {
          body: await large(),
          headers: { 'content-type': 'image/png' },
        });
        expect([answer.status, answer.json().error.code]).toEqual([503, 'unavailable']);
        proxy.spoil = () => null;
        expect([await rows(), await keys()]).toEqual(before);
      },
    );

    test.each(['error', 'half a body'] as const)(
      'never shows half a picture, whatever is half-way: %s',
      async (fault) => {
        proxy.spoil = () => null;
        const { id } = await app.upload(person, await large());
        proxy.spoil = ({ method }) => (method === 'GET' ? fault : null);
        const get = (variant: string) => app.request(person, 'GET', `${api}/photos/${id}/${variant}`);
        const small = await get('small');
        expect([small.status, small.json().error.code]).toEqual([503, 'unavailable']);
        // Of a large one the first bytes are on their way when a later window fails: its connection ends before all that was promised came.
        if (fault === 'half a body') {
          proxy.spoil = ({ method, headers }) =>
            method === 'GET' && !headers.range?.startsWith('bytes=0-') ? fault : null;
        }
        if (fault === 'half a body') await expect(get('original')).rejects.toThrow(/aborted/);
        else expect((await get('original')).status).toBe(503);
        proxy.spoil = () => null;
        expect((await app.request(person, 'GET', `${api}/photos/${id}/small`)).status).toBe(200);
      },
    );

    test('leaves the rest of the library to everybody while it does not answer', async () => {
      proxy.spoil = () => null;
      const { id } = await app.upload(person, await large());
      expect((await app.request(person, 'GET', `${api}/photos/${id}/small`)).status).toBe(200);
      proxy.spoil = ({ method }) => (method === 'PUT' ? 'silence' : null);
      const before = proxy.requests.length;
      const files = await Promise.all(
        Array.from({ length: 12 }, (_, seed) => makePhoto({ width: 64, height: 48, seed })),
      );
      const uploads = files.map((file) => app.upload(person, file));
      const puts = () => proxy.requests.slice(before).filter((request) => request.startsWith('PUT')).length;
      await expect.poll(puts).toBeGreaterThanOrEqual(3);
      // Until all that may wait for the bucket do.
      for (let seen = 0; seen !== puts(); await sleep(1500)) seen = puts();
      for (let time = 0; time < 20; time += 1) {
        expect((await app.request(person, 'GET', `${api}/photos?limit=1`)).status).toBe(200);
        expect((await app.request(person, 'GET', `${api}/photos/${id}/small`)).status).toBe(200);
      }
      proxy.spoil = () => null;
      proxy.drop();
      expect(new Set((await Promise.all(uploads)).map((photo) => photo.id)).size).toBe(12);
    });

    const show = async (kind: string) =>
      app.request(person, 'PUT', `${api}/me/pictures/${kind}`, { body: await large() });
    const pictures = () =>
      asSystem(app.database.database, (tx: Kysely<unknown>) =>
        sql`select hash from blobs where not has_original order by 1`.execute(tx).then((found) => found.rows),
      );

    test.each(['error', 'refused credentials'] as const)(
      'answers 503 to a picture that is set while all it hears is %s, and the one before stays',
      { timeout: 60_000 * slowness },
      async (fault) => {
        proxy.spoil = () => null;
        const { url } = (await show('profile')).json();
        // What others left is swept by a job.
        await expect.poll(async () => (await pictures()).length, { timeout: 30_000 * slowness }).toBe(1);
        const before = await pictures();
        await expect.poll(async () => (await keys()).filter((key) => key?.includes('.picture')).length).toBe(5);
        let puts = 0;
        proxy.spoil = ({ method }) => {
          if (method !== 'PUT') return null;
          puts += 1;
          // Some of its files have come by then.
          return puts > 2 ? fault : null;
        };
        const answer = await show('profile');
        proxy.spoil = () => null;
        expect([answer.status, answer.json().error.code, answer.headers['cache-control']]).toEqual([
          503,
          'unavailable',
          'no-store',
        ]);
        expect(await pictures()).toEqual(before);
        expect((await app.request(person, 'GET', `${api}/me`)).json().profile_picture_url).toBe(url);
        expect((await app.request(null, 'GET', url)).status).toBe(200);
        await expect
          .poll(async () => (await keys()).filter((key) => key?.includes('.picture')).length, {
            timeout: 30_000 * slowness,
          })
          .toBe(5);
      },
    );

    test.each(['error', 'refused credentials', 'half a body'] as const)(
      'never shows half a picture of somebody, and nobody keeps that there was none: %s',
      { timeout: 60_000 * slowness },
      async (fault) => {
        proxy.spoil = () => null;
        const { url } = (await show('cover')).json();
        // Neither memory nor this disk have it yet.
        proxy.spoil = ({ method }) => (method === 'GET' ? fault : null);
        for (const address of [url, `${url}&size=64`, url.slice(0, url.indexOf('?'))]) {
          const answer = await app.request(null, 'GET', address);
          expect([address, answer.status, answer.json().error.code, answer.headers['cache-control']]).toEqual([
            address,
            503,
            'unavailable',
            'no-store',
          ]);
        }
        proxy.spoil = () => null;
        const answer = await app.request(null, 'GET', url);
        expect([answer.status, (await sharp(answer.body).metadata()).format]).toEqual([200, 'webp']);
        expect(answer.headers['cache-control']).toContain('immutable');
        await app.request(person, 'DELETE', `${api}/me/pictures/cover`);
      },
    );
  });
}

test('what a library needs to keep its photos elsewhere is asked for by its name', () => {
  const saying = (environment: Record<string, string>) => {
    try {
      return parseConfig({ TINTYPE_STORAGE: 's3', ...environment }).storage;
    } catch (error) {
      return (error as Error).message;
    }
  };
  expect(saying({})).toBe('S3_BUCKET must be set when TINTYPE_STORAGE is s3.');
  expect(saying({ S3_BUCKET: 'b' })).toBe('S3_ACCESS_KEY_ID must be set when TINTYPE_STORAGE is s3.');
  const r2 = { R2_ACCOUNT_ID: 'a'.repeat(32), R2_BUCKET_NAME: 'b', R2_ACCESS_KEY_ID: 'k' };
  expect(saying(r2)).toBe('R2_SECRET_ACCESS_KEY must be set when TINTYPE_STORAGE is s3.');
  expect(saying({ ...r2, R2_SECRET_ACCESS_KEY: 's', S3_PREFIX: 'a/b' })).toMatchObject({
    driver: 's3',
    s3: { endpoint: `https://${'a'.repeat(32)}.r2.cloudflarestorage.com`, region: 'auto', prefix: 'a/b/' },
  });
});

describe('a bucket for public pictures', () => {
  const r2 = {
    TINTYPE_STORAGE: 's3',
    R2_ACCOUNT_ID: 'a'.repeat(32),
    R2_BUCKET_NAME: 'photos',
    R2_ACCESS_KEY_ID: 'k',
    R2_SECRET_ACCESS_KEY: 's',
  };
  const s3 = { TINTYPE_STORAGE: 's3', S3_BUCKET: 'photos', S3_ACCESS_KEY_ID: 'k', S3_SECRET_ACCESS_KEY: 's' };
  const [r2Public, s3Public] = [
    { R2_PUBLIC_BUCKET_NAME: 'pictures', R2_PUBLIC_DOMAIN: 'pictures.example.org' },
    { S3_PUBLIC_BUCKET: 'pictures', S3_PUBLIC_URL: 'https://minio.example.org/pictures/' },
  ];

  test.each([
    [{ ...r2, ...r2Public }, 'R2_PUBLIC_BUCKET_NAME', 'https://pictures.example.org'],
    [
      { ...r2, ...r2Public, R2_PUBLIC_DOMAIN: 'https://pictures.example.org/' },
      'R2_PUBLIC_BUCKET_NAME',
      'https://pictures.example.org',
    ],
    [{ ...s3, ...s3Public }, 'S3_PUBLIC_BUCKET', 'https://minio.example.org/pictures'],
    [
      { ...s3, ...s3Public, S3_PUBLIC_URL: 'http://127.0.0.1:9000/pictures' },
      'S3_PUBLIC_BUCKET',
      'http://127.0.0.1:9000/pictures',
    ],
  ])('is taken from %j', (environment, key, url) => {
    expect(parseConfig(environment).storage.publicPlace).toEqual({ bucket: 'pictures', key, url });
  });

  test('there is none unless it is asked for', () => {
    expect(parseConfig({ ...r2 }).storage.publicPlace).toBe(null);
    expect(parseConfig({}).storage.publicPlace).toBe(null);
  });

  test.each([
    [
      { ...r2, R2_PUBLIC_DOMAIN: 'pictures.example.org' },
      'R2_PUBLIC_BUCKET_NAME must be set when R2_PUBLIC_DOMAIN is: public pictures have a bucket of their own.',
    ],
    [
      { ...r2, R2_PUBLIC_BUCKET_NAME: 'pictures' },
      'R2_PUBLIC_DOMAIN must be set when R2_PUBLIC_BUCKET_NAME is: it says where everybody reads the bucket.',
    ],
    [
      { ...r2, ...r2Public, R2_PUBLIC_BUCKET_NAME: 'photos' },
      'R2_PUBLIC_BUCKET_NAME: "photos" is R2_BUCKET_NAME as well, and private photos must not lie where everybody reads. Name another bucket.',
    ],
    [{ ...s3, ...s3Public, S3_PUBLIC_BUCKET: 'photos' }, 'S3_PUBLIC_BUCKET: "photos" is S3_BUCKET as well'],
    [
      { ...r2, ...r2Public, TINTYPE_STORAGE: 'files' },
      'R2_PUBLIC_DOMAIN goes with TINTYPE_STORAGE=s3: elsewhere this server shows public pictures itself. Take R2_PUBLIC_BUCKET_NAME and R2_PUBLIC_DOMAIN out.',
    ],
    [{ ...r2, ...s3Public }, 'S3_PUBLIC_BUCKET is not read where R2_ACCOUNT_ID is set: use R2_PUBLIC_BUCKET_NAME.'],
    [
      { ...s3, R2_PUBLIC_DOMAIN: 'a.example' },
      'R2_PUBLIC_DOMAIN is read where R2_ACCOUNT_ID is set: use S3_PUBLIC_URL.',
    ],
  ])('%j is refused with a sentence', (environment, sentence) => {
    expect(() => parseConfig(environment)).toThrow(sentence);
  });
});
