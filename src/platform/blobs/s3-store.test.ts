import { randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  CreateBucketCommand,
  CreateMultipartUploadCommand,
  ListMultipartUploadsCommand,
  ListObjectsV2Command,
  PutBucketPolicyCommand,
  S3Client,
} from '@aws-sdk/client-s3';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createFaultyProxy, type Fault, type FaultyProxy } from '../../../test/faulty-proxy.ts';
import { hasRadosgw, type Radosgw, startRadosgw } from '../../../test/radosgw.ts';
import { slowness } from '../../../test/slowness.ts';
import { describeBlobStore } from './conformance.test-suite.ts';
import { requirePrivate } from './require-private.ts';
import { createS3Store, requireBucket, type S3Options } from './s3-store.ts';

describe.skipIf(!hasRadosgw)('the S3 driver, before radosgw', () => {
  let server: Radosgw;
  let tempDir = '';
  let client: S3Client;
  const closing: (() => void)[] = [];

  beforeAll(async () => {
    tempDir = await mkdtemp(join(tmpdir(), 'tintype-s3-'));
    server = await startRadosgw();
    const { endpoint, ...credentials } = server;
    client = new S3Client({ endpoint, credentials, region: 'us-east-1', forcePathStyle: true });
  }, 120_000 * slowness);
  afterAll(async () => {
    for (const close of closing) close();
    client?.destroy();
    await server?.stop();
    await rm(tempDir, { recursive: true, force: true });
  });

  const optionsOf = (bucket: string, prefix = ''): S3Options => ({
    endpoint: server.endpoint,
    region: 'us-east-1',
    bucket,
    prefix,
    forcePathStyle: true,
    accessKeyId: server.accessKeyId,
    secretAccessKey: server.secretAccessKey,
  });
  async function newStore(prefix = '') {
    const bucket = `tintype-${randomBytes(6).toString('hex')}`;
    await client.send(new CreateBucketCommand({ Bucket: bucket }));
    const store = createS3Store({ ...optionsOf(bucket, prefix), tempDir });
    closing.push(() => store.close());
    return Object.assign(store, { bucket });
  }

  describeBlobStore('S3', () => newStore());
  describeBlobStore('S3 under a prefix', () => newStore('people/tintype/'));

  it('says in one sentence what is wrong with its settings', async () => {
    const { bucket } = await newStore();
    await requireBucket(optionsOf(bucket));
    const saying = async (change: Partial<S3Options>) =>
      requireBucket({ ...optionsOf(bucket), ...change }).then(
        () => 'nothing',
        (error: Error) => error.message,
      );
    expect(await saying({ bucket: 'no-such-bucket' })).toMatch(/^S3_BUCKET: .* has no bucket "no-such-bucket"/);
    expect(await saying({ secretAccessKey: 'another' })).toMatch(
      /^S3_ACCESS_KEY_ID: .* does not let these credentials/,
    );
    expect(await saying({ endpoint: 'http://127.0.0.1:9' })).toMatch(/^S3_ENDPOINT: .* does not answer/);
  });

  it('refuses a bucket that strangers can read, and leaves nothing in either', async () => {
    const { bucket } = await newStore();
    const keys = async () =>
      ((await client.send(new ListObjectsV2Command({ Bucket: bucket }))).Contents ?? []).map(({ Key }) => Key);
    await requirePrivate(optionsOf(bucket, 'people/'));
    expect(await keys()).toEqual([]);
    const everybody = { Effect: 'Allow', Principal: '*', Action: 's3:GetObject', Resource: `arn:aws:s3:::${bucket}/*` };
    const Policy = JSON.stringify({ Version: '2012-10-17', Statement: [everybody] });
    await client.send(new PutBucketPolicyCommand({ Bucket: bucket, Policy }));
    await expect(requirePrivate(optionsOf(bucket, 'people/'))).rejects.toThrow(
      `S3_BUCKET: anybody can read what is in the bucket "${bucket}"`,
    );
    expect(await keys()).toEqual([]);
  });

  it('uses a server below a path, and asks for what is private there', async () => {
    const { bucket } = await newStore();
    // To this server the path is the bucket, and the bucket a folder in it.
    const options = { ...optionsOf('photos'), endpoint: `${server.endpoint}/${bucket}` };
    const below = createS3Store({ ...options, tempDir });
    closing.push(() => below.close());
    const temp = await below.createTemp();
    await temp.write(randomBytes(10));
    const { path, sha256: hash } = await temp.finish();
    await below.put({ hash, variant: 'original' }, path);
    const { Contents = [] } = await client.send(new ListObjectsV2Command({ Bucket: bucket }));
    expect(Contents.map(({ Key }) => Key)).toEqual([expect.stringMatching(/^photos\/originals\//)]);
    await requirePrivate(options);
    const everybody = { Effect: 'Allow', Principal: '*', Action: 's3:GetObject', Resource: `arn:aws:s3:::${bucket}/*` };
    const Policy = JSON.stringify({ Version: '2012-10-17', Statement: [everybody] });
    await client.send(new PutBucketPolicyCommand({ Bucket: bucket, Policy }));
    await expect(requirePrivate(options)).rejects.toThrow('anybody can read what is in the bucket "photos"');
  });

  it('says that credentials may not write, by the keys that they are configured with', async () => {
    const { bucket } = await newStore();
    const nobody = { Effect: 'Deny', Principal: '*', Action: 's3:PutObject', Resource: `arn:aws:s3:::${bucket}/*` };
    const Policy = JSON.stringify({ Version: '2012-10-17', Statement: [nobody] });
    await client.send(new PutBucketPolicyCommand({ Bucket: bucket, Policy }));
    const sentence = `${server.endpoint} does not let these credentials write into the bucket "${bucket}".`;
    await requireBucket(optionsOf(bucket));
    await expect(requirePrivate(optionsOf(bucket))).rejects.toMatchObject({
      name: 'StorageError',
      message: expect.stringContaining(`S3_ACCESS_KEY_ID: ${sentence}`),
    });
    await expect(requirePrivate({ ...optionsOf(bucket), keys: 'R2' })).rejects.toThrow(`R2_ACCESS_KEY_ID: ${sentence}`);
    await expect(requireBucket({ ...optionsOf('no-such-bucket'), keys: 'R2' })).rejects.toThrow(/^R2_BUCKET_NAME: /);
  });

  it('answers 503 where the server does not, and leaves no temp file', async () => {
    const away = createS3Store({ ...optionsOf('x'), endpoint: 'http://127.0.0.1:9', tempDir });
    closing.push(() => away.close());
    const key = { hash: 'a'.repeat(64), variant: 'original' } as const;
    for (const ask of [() => away.open(key), () => away.has(key), () => away.delete(key)]) {
      await expect(ask()).rejects.toMatchObject({ code: 'unavailable', status: 503 });
    }
    const temp = await away.createTemp();
    await temp.write(randomBytes(100));
    const { path } = await temp.finish();
    await expect(away.put(key, path)).rejects.toMatchObject({ code: 'unavailable' });
    await expect(rm(path)).rejects.toThrow(/ENOENT/);
  });

  it('leaves its sockets to others while a hundred readers dawdle, and keeps each range right', async () => {
    const store = await newStore();
    const bytes = randomBytes(5 * 1024 * 1024 + 3);
    const temp = await store.createTemp();
    await temp.write(bytes);
    const { path, sha256: hash } = await temp.finish();
    const key = { hash, variant: 'original' } as const;
    await store.put(key, path);
    const part = 64 * 1024;
    const dawdling = await Promise.all(
      Array.from({ length: 100 }, async (_, n) => {
        const [reader, at] = [await store.open(key), n * 1000];
        if (!reader) throw new Error('the blob is absent');
        const target = Buffer.alloc(part);
        await reader.read(target, 0, part, at);
        expect(target.equals(bytes.subarray(at, at + part))).toBe(true);
        return reader;
      }),
    );
    expect(await store.has(key)).toBe(true);
    const [reader] = dawdling;
    // Across the end of what it read ahead, back, and more than it reads ahead.
    const ranges: [number, number][] = [
      [2 ** 20 - 5, 2 ** 20 + 5],
      [10, 20],
      [2 ** 20 - 1, bytes.length - 1],
      [bytes.length - 1, bytes.length],
    ];
    for (const [start, end] of ranges) {
      const target = Buffer.alloc(end - start);
      await reader?.read(target, 0, target.length, start);
      expect([start, end, target.equals(bytes.subarray(start, end))]).toEqual([start, end, true]);
    }
    await Promise.all(dawdling.map((each) => each.close()));
  });

  it('leaves no parts of an upload that came to nothing', async () => {
    const store = await newStore();
    const temp = await store.createTemp();
    await temp.write(randomBytes(9 * 1024 * 1024));
    const { path, sha256: hash } = await temp.finish();
    await store.put({ hash, variant: 'original' }, path);
    const { Uploads = [] } = await client.send(new ListMultipartUploadsCommand({ Bucket: store.bucket }));
    expect(Uploads).toEqual([]);
  });

  it('sweeps parts that nobody put together, once they are old enough, and nobody else’s', async () => {
    const store = await newStore('people/');
    const key = (folder: string) => `${folder}originals/aa/aa/${'a'.repeat(64)}`;
    // Ours twice, somebody else's in the same bucket, and one of ours that is no blob.
    const Keys = [key('people/'), key('people/'), key('others/'), 'people/originals/aa/aa/notes.txt'];
    for (const Key of Keys) await client.send(new CreateMultipartUploadCommand({ Bucket: store.bucket, Key }));
    const left = async () =>
      ((await client.send(new ListMultipartUploadsCommand({ Bucket: store.bucket }))).Uploads ?? []).map(
        ({ Key }) => Key,
      );
    expect(await store.sweepParts(3600_000)).toBe(0);
    expect(await left()).toHaveLength(4);
    expect(await store.sweepParts(0)).toBe(2);
    expect((await left()).sort()).toEqual(Keys.slice(2).sort());
  });

  describe('before answers that go wrong', () => {
    let proxy: FaultyProxy;
    let store: Awaited<ReturnType<typeof newStore>>;
    /** Waits for an answer for as long as it says. */
    const behind = (silenceMs?: number): ReturnType<typeof createS3Store> => {
      const to = createS3Store({
        ...optionsOf(store.bucket),
        endpoint: proxy.endpoint,
        tempDir,
        ...(silenceMs ? { silenceMs } : {}),
      });
      closing.push(() => to.close());
      return to;
    };
    const bytes = randomBytes(3 * 1024 * 1024);

    beforeAll(async () => {
      proxy = await createFaultyProxy(server.endpoint);
      store = await newStore();
    });
    afterAll(() => proxy.close());

    /** Spoils the answers to a method, so many times. */
    const spoil = (method: string, fault: Fault, times: number) => {
      let left = times;
      proxy.spoil = (request) => {
        if (request.method !== method || left === 0) return null;
        left -= 1;
        return fault;
      };
    };
    async function send(to: ReturnType<typeof behind>, variant: 'original' | 'medium' = 'original') {
      const temp = await to.createTemp();
      await temp.write(bytes);
      const { path, sha256: hash } = await temp.finish();
      await to.put({ hash, variant }, path);
      return { hash, variant };
    }
    async function read(from: ReturnType<typeof behind>, key: Awaited<ReturnType<typeof send>>): Promise<Buffer> {
      const reader = await from.open(key);
      const buffer = Buffer.alloc(reader?.size ?? 0);
      await reader?.read(buffer, 0, buffer.length, 0).finally(() => reader.close());
      return buffer;
    }

    it.each(['error', 'silence', 'half a body'] as const)('an answer of %s, once: all of it comes', async (fault) => {
      proxy.spoil = () => null;
      const key = await send(behind());
      // The next answer, which comes, is to come within the same time.
      const to = behind(fault === 'silence' ? 3000 : undefined);
      spoil('GET', fault, 1);
      expect((await read(to, key)).equals(bytes)).toBe(true);
      if (fault === 'half a body') return;
      spoil('PUT', fault, 1);
      const again = await send(to, 'medium');
      expect((await read(behind(), again)).equals(bytes)).toBe(true);
    });

    it.each(['error', 'silence', 'half a body', 'refused credentials'] as const)(
      'answers of %s, always: an error, and never a short picture',
      { timeout: 60_000 * slowness },
      async (fault) => {
        proxy.spoil = () => null;
        const key = await send(behind());
        const to = behind(fault === 'silence' ? 300 : undefined);
        spoil('GET', fault, Number.POSITIVE_INFINITY);
        await expect(read(to, key)).rejects.toMatchObject({ code: 'unavailable' });
        if (fault === 'half a body') return;
        await store.delete(key);
        spoil('PUT', fault, Number.POSITIVE_INFINITY);
        await expect(send(to)).rejects.toMatchObject({ code: 'unavailable' });
        expect(await store.has(key)).toBe(false);
      },
    );
  });
});
