import { randomBytes } from 'node:crypto';
import { existsSync, readdirSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client } from 'pg';
import { pino } from 'pino';
import sharp from 'sharp';
import { type DetailedError, Upload } from 'tus-js-client';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createFilesStore } from '#platform/blobs/files-store.ts';
import { createDelivery } from '#platform/delivery/index.ts';
import { createJobs } from '#platform/jobs/jobs.ts';
import { createTestApp, type Person } from '../../../test/app.ts';
import { createTestDatabase } from '../../../test/database.ts';
import { eventually } from '../../../test/eventually.ts';
import { jpegClaiming } from '../../../test/fixtures/bombs.ts';
import { tinyPhoto } from '../../../test/fixtures/tiny-photo.ts';
import { createPartialFiles, photoJobHandlers, photoJobs } from './index.ts';

const database = await createTestDatabase();
const environment = { MAX_UPLOAD_SIZE: '4MiB' };
const dataDir = await mkdtemp(join(tmpdir(), 'tintype-tus-'));
let app = await createTestApp({ database, dataDir, environment });
const api = '/api/v1';
const person = await app.signUp();
const owner = new Client(database.owner);
await owner.connect();
afterAll(async () => {
  await owner.end();
  await app.close();
  await rm(dataDir, { recursive: true, force: true });
});

let seed = 1;
const fresh = () => tinyPhoto({ seed: (seed += 1) });
/** Some hundreds of kilobytes, so that there is a middle to be cut off in. */
const noisy = () =>
  sharp(randomBytes(400 * 300 * 3), { raw: { width: 400, height: 300, channels: 3 } })
    .png()
    .toBuffer();
const partials = () => (existsSync(join(dataDir, 'uploads')) ? readdirSync(join(dataDir, 'uploads')) : []);
const temps = () => (existsSync(join(dataDir, 'tmp')) ? readdirSync(join(dataDir, 'tmp')) : []);

/** Sends bytes by the client that browsers use. @returns the id of the upload */
function send(bytes: Buffer, options: Partial<ConstructorParameters<typeof Upload>[1]> = {}, as: Person = person) {
  let upload: Upload | undefined;
  const done = new Promise<string>((resolve, reject) => {
    upload = new Upload(bytes, {
      endpoint: `${app.url}${api}/uploads`,
      headers: { authorization: `Bearer ${as.bearer}` },
      metadata: { filename: 'sent by tus.jpg' },
      retryDelays: null,
      onError: reject,
      onSuccess: () => resolve(upload?.url?.split('/').at(-1) ?? ''),
      ...options,
    });
    upload.start();
  });
  return { done, abort: (terminate?: boolean) => upload?.abort(terminate) };
}

const failure = (error: unknown) => {
  const answer = (error as DetailedError).originalResponse;
  return { status: answer?.getStatus(), code: JSON.parse(answer?.getBody() || '{}').error?.code };
};
const state = async (id: string, as: Person = person) => {
  const answer = await app.request(as, 'GET', `${api}/uploads/${id}`);
  return answer.status === 200 ? answer.json() : { status: answer.status };
};
const tus = (
  method: string,
  path: string,
  headers: Record<string, string> = {},
  body?: Uint8Array,
  as: Person = person,
) =>
  app.request({ bearer: as.bearer }, method, `${api}/uploads${path}`, {
    headers: { 'tus-resumable': '1.0.0', ...headers },
    ...(body ? { body } : {}),
  });
/** Starts an upload and sends its first bytes. @returns its id */
async function begin(bytes: Buffer, sent: number, as: Person = person): Promise<string> {
  const filename = Buffer.from('half.png').toString('base64');
  const created = await tus(
    'POST',
    '',
    { 'upload-length': String(bytes.length), 'upload-metadata': `filename ${filename}` },
    undefined,
    as,
  );
  expect(created.status).toBe(201);
  const id = String(created.headers.location).split('/').at(-1) as string;
  if (sent > 0) expect((await patch(id, 0, bytes.subarray(0, sent), as)).status).toBe(204);
  return id;
}
const patch = (id: string, offset: number, bytes: Uint8Array, as: Person = person) =>
  tus(
    'PATCH',
    `/${id}`,
    { 'upload-offset': String(offset), 'content-type': 'application/offset+octet-stream' },
    bytes,
    as,
  );

test('a file sent whole is a photo, and a second time a duplicate', async () => {
  const bytes = await fresh();
  const first = await state(await send(bytes).done);
  expect(first).toMatchObject({ status: 'complete', duplicate: false, photo: { filename: 'sent by tus.jpg' } });
  const original = await app.request(person, 'GET', first.photo.full_url);
  expect(original.body.equals(bytes)).toBe(true);
  const again = await state(await send(bytes, { metadata: { filename: 'other.jpg' } }).done);
  expect(again).toMatchObject({ status: 'complete', duplicate: true, photo: { id: first.photo.id } });
  expect(partials()).toEqual([]);
});

test('the name and the date of the file come along, as harmless as any', async () => {
  const metadata = { filename: '../../evil\0\r\n.jpg', modified_at: '2018-01-02T03:04:05Z' };
  const { photo } = await state(await send(await fresh(), { metadata }).done);
  expect([photo.filename, photo.taken_at]).toEqual(['evil.jpg', '2018-01-02T03:04:05Z']);
});

describe('going on', () => {
  test('after a connection that was cut in the middle', async () => {
    const bytes = await noisy();
    const id = await begin(bytes, 0);
    const half = Math.floor(bytes.length / 2);
    await new Promise<void>((resolve) => {
      const { hostname, port } = new URL(app.url);
      const socket = connect(Number(port), hostname, () => {
        socket.write(
          `PATCH ${api}/uploads/${id} HTTP/1.1\r\nHost: ${hostname}:${port}\r\nAuthorization: Bearer ${person.bearer}\r\n` +
            `Tus-Resumable: 1.0.0\r\nUpload-Offset: 0\r\nContent-Type: application/offset+octet-stream\r\n` +
            `Content-Length: ${bytes.length}\r\n\r\n`,
        );
        socket.write(bytes.subarray(0, half));
      });
      socket.on('error', () => {});
      socket.on('close', () => resolve());
      void eventually(async () => expect((await state(id)).offset).toBeGreaterThan(0)).finally(() =>
        socket.resetAndDestroy(),
      );
    });
    const { headers } = await tus('HEAD', `/${id}`);
    const offset = Number(headers['upload-offset']);
    expect(offset).toBeGreaterThan(0);
    expect(offset).toBeLessThanOrEqual(half);
    expect(await state(id)).toEqual({ status: 'receiving', offset, bytes: bytes.length });
    expect(await send(bytes, { uploadUrl: `${app.url}${api}/uploads/${id}` }).done).toBe(id);
    const { photo } = await state(id);
    expect((await app.request(person, 'GET', photo.full_url)).body.equals(bytes)).toBe(true);
  });

  test('after a restart of the server, with what had arrived', async () => {
    const bytes = await noisy();
    const id = await begin(bytes, 1000);
    await restart();
    expect((await tus('HEAD', `/${id}`)).headers['upload-offset']).toBe('1000');
    await send(bytes, { uploadUrl: `${app.url}${api}/uploads/${id}` }).done;
    expect((await state(id)).status).toBe('complete');
  });

  test('after a server that died with all of it, before it was kept', async () => {
    const bytes = await noisy();
    const id = await begin(bytes, 1000);
    // What a killed server leaves: every byte, and a row that waits for more.
    await writeFile(join(dataDir, 'uploads', id), bytes);
    expect(await state(id)).toEqual({ status: 'receiving', offset: bytes.length, bytes: bytes.length });
    await send(bytes, { uploadUrl: `${app.url}${api}/uploads/${id}` }).done;
    expect((await state(id)).status).toBe('complete');
    expect(partials()).not.toContain(id);
  });

  test('after a server that died with all of it put away, and nothing committed', async () => {
    const bytes = await noisy();
    const id = await begin(bytes, 1000);
    await createPartialFiles({ folder: join(dataDir, 'uploads') }).remove(id);
    await send(bytes, { uploadUrl: `${app.url}${api}/uploads/${id}` }).done;
    expect((await state(id)).status).toBe('complete');
  });

  test('many last answers at once make one photo', async () => {
    const bytes = await noisy();
    const id = await begin(bytes, 1000);
    await writeFile(join(dataDir, 'uploads', id), bytes);
    const answers = await Promise.all(
      Array.from({ length: 6 }, (_, at) => (at % 2 ? tus('HEAD', `/${id}`) : patch(id, bytes.length, Buffer.alloc(0)))),
    );
    expect(answers.map(({ status }) => status).filter((status) => status >= 500)).toEqual([]);
    const { status, duplicate } = await state(id);
    expect([status, duplicate]).toEqual(['complete', false]);
  });

  test('from another offset than what has arrived is refused', async () => {
    const bytes = await noisy();
    const id = await begin(bytes, 1000);
    const answer = await patch(id, 500, bytes.subarray(500));
    expect([answer.status, answer.json().error.code]).toEqual([409, 'conflict']);
    expect((await tus('HEAD', `/${id}`)).headers['upload-offset']).toBe('1000');
    await tus('DELETE', `/${id}`);
  });
});

async function restart(): Promise<void> {
  await app.close();
  app = await createTestApp({ database, dataDir, environment });
}

describe('refusals', () => {
  beforeAll(() => expect(partials()).toEqual([]));

  test('a file that is too large, before a byte of it', async () => {
    const error = await send(Buffer.alloc(5 * 2 ** 20)).done.catch(failure);
    expect(error).toEqual({ status: 413, code: 'too_large' });
  });

  test('more bytes than were said', async () => {
    const bytes = await noisy();
    const id = await begin(bytes, 0);
    const answer = await patch(id, 0, Buffer.concat([bytes, bytes]));
    expect([answer.status, answer.json().error.code]).toEqual([413, 'too_large']);
    await tus('DELETE', `/${id}`);
  });

  test.each([
    ['no picture', async () => Buffer.from('<svg xmlns="http://www.w3.org/2000/svg"/>'), 415, 'unsupported_media_type'],
    ['a damaged picture', async () => (await noisy()).subarray(0, 5000), 422, 'undecodable'],
    ['a bomb', () => jpegClaiming(20_000, 20_000), 413, 'too_many_pixels'],
  ])('%s, once it has arrived', async (_, make, status, code) => {
    const bytes = await make();
    const id = await begin(bytes, 0);
    const answer = await patch(id, 0, bytes);
    expect([answer.status, answer.json().error.code]).toEqual([status, code]);
    expect(answer.headers['content-type']).toContain('application/json');
    expect(await state(id)).toMatchObject({ status: 'failed', error: { code } });
    // A client that lost that answer hears the same again.
    expect((await tus('HEAD', `/${id}`)).status).toBe(200);
    expect(partials()).toEqual([]);
  });

  test('of the protocol speak the envelope too', async () => {
    for (const [method, path, headers] of [
      ['POST', '', { 'tus-resumable': '' }],
      ['POST', '', { 'upload-length': '-1' }],
      ['POST', '', { 'upload-length': 'x' }],
      ['POST', '', {}],
      ['POST', '', { 'upload-length': '1', 'tus-resumable': '0.1.0' }],
      ['POST', '', { 'upload-length': '1', 'upload-metadata': 'filename !!!' }],
      ['POST', '', { 'upload-length': '0' }],
    ] as [string, string, Record<string, string>][]) {
      const answer = await tus(method, path, headers);
      expect(answer.status, JSON.stringify(headers)).toBeGreaterThanOrEqual(400);
      expect(answer.status, JSON.stringify(headers)).toBeLessThan(500);
      expect(answer.json().error, JSON.stringify(headers)).toMatchObject({
        code: expect.any(String),
        message: expect.any(String),
      });
    }
  });

  test('a foreign upload is as absent as any', async () => {
    const id = await begin(await noisy(), 1000);
    const stranger = await app.signUp();
    for (const other of [id, '0197f3c2-7b1e-7c3a-9d57-3f0a4b5c6d7e', 'x']) {
      expect((await tus('HEAD', `/${other}`, {}, undefined, stranger)).status).toBe(404);
      expect((await patch(other, 1000, Buffer.from('x'), stranger)).status).toBe(404);
      expect((await tus('DELETE', `/${other}`, {}, undefined, stranger)).status).toBe(404);
      expect((await state(other, stranger)).status).toBe(404);
    }
    expect((await tus('HEAD', `/${id}`)).headers['upload-offset']).toBe('1000');
    expect((await tus('DELETE', `/${id}`)).status).toBe(204);
  });
});

test('an upload that is given up leaves nothing', async () => {
  const bytes = await noisy();
  const id = await begin(bytes, 1000);
  expect(partials()).toEqual([id]);
  expect((await tus('DELETE', `/${id}`)).status).toBe(204);
  expect([partials(), (await state(id)).status]).toEqual([[], 404]);
  expect((await patch(id, 1000, bytes.subarray(1000))).status).toBe(404);
});

describe('in time', () => {
  const run = async (name: string) => {
    const jobs = await createJobs({
      pool: database.database.pool,
      logger: pino({ level: 'silent' }),
      definitions: photoJobs,
    });
    const blobs = createFilesStore({ dataDir: dataDir });
    const handlers = photoJobHandlers({
      database: database.database,
      blobs,
      delivery: createDelivery({ store: blobs, logger: pino({ level: 'silent' }) }),
      trashDays: 30,
      jobs,
      partials: createPartialFiles({ folder: join(dataDir, 'uploads') }),
    });
    await handlers.find(({ job }) => job.name === name)?.run({}, new AbortController().signal);
    await jobs.close();
  };
  const asSystem = async (text: string, values: unknown[] = []) => {
    await owner.query('begin');
    await owner.query("select set_config('app.principal', 'system', true)");
    await owner.query(text, values);
    await owner.query('commit');
  };

  test('an unfinished upload is gone after a day', async () => {
    const bytes = await noisy();
    const [late, young] = [await begin(bytes, 1000), await begin(bytes, 1000)];
    await asSystem(
      "update uploads set created_at = now() - interval '25 hours', expires_at = now() - interval '1 hour' where id = $1",
      [late],
    );
    expect((await patch(late, 1000, bytes.subarray(1000))).status).toBe(410);
    await run('photos.sweep-expired');
    expect(partials()).toEqual([young]);
    expect((await state(late)).status).toBe(404);
    expect((await state(young)).status).toBe('receiving');
    await tus('DELETE', `/${young}`);
  });

  test('what a deleted account was sending goes by the job', async () => {
    const gone = await app.signUp();
    const id = await begin(await noisy(), 1000, gone);
    const kept = await begin(await noisy(), 1000);
    const answer = await app.request(gone, 'DELETE', `${api}/me`, {
      json: { password: gone.password, confirm: gone.username },
    });
    expect(answer.status).toBe(204);
    await eventually(() => expect(partials()).toEqual([kept]));
    expect(id).not.toBe(kept);
    await tus('DELETE', `/${kept}`);
  });
});

test('nothing is left behind', () => {
  expect([partials(), temps()]).toEqual([[], []]);
});
