import { createHash, randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdtemp, open, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { AppError } from '#platform/http/app-error.ts';
import { receiveInto, writeTempFile } from './temp-file.ts';

let folder: string;
let count = 0;
const newPath = () => join(folder, `${count++}.part`);

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tintype-temp-file-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const openFiles = async () => (await readdir('/proc/self/fd').catch(() => [])).length;

describe('a temp file', () => {
  it('holds every byte, its size and its hash, however it comes in', async () => {
    const sizes = fc.array(fc.integer({ min: 0, max: 400_000 }), { maxLength: 12 });
    await fc.assert(
      fc.asyncProperty(sizes, async (chunkSizes) => {
        const chunks = chunkSizes.map((size) => randomBytes(size));
        const file = await writeTempFile(newPath(), Number.POSITIVE_INFINITY);
        for (const chunk of chunks) await file.write(chunk);
        const whole = Buffer.concat(chunks);
        const written = await file.finish();
        expect(written).toEqual({
          path: file.path,
          bytes: whole.length,
          sha256: createHash('sha256').update(whole).digest('hex'),
        });
        expect((await readFile(file.path)).equals(whole)).toBe(true);
        await file.discard();
        expect(existsSync(file.path)).toBe(false);
      }),
      { numRuns: process.env.TINTYPE_TEST_SCALE === 'full' ? 200 : 25 },
    );
  });

  it('takes exactly its limit, and one byte more is too large and leaves nothing', async () => {
    const exact = await writeTempFile(newPath(), 1000);
    await exact.write(Buffer.alloc(999));
    await exact.write(Buffer.alloc(1));
    expect((await exact.finish()).bytes).toBe(1000);

    const before = await openFiles();
    const over = await writeTempFile(newPath(), 1000);
    await over.write(Buffer.alloc(1000));
    const refused = await over.write(Buffer.alloc(1)).catch((error) => error);
    expect(refused).toBeInstanceOf(AppError);
    expect(refused).toMatchObject({ code: 'too_large', details: { limit: 1000 } });
    expect(existsSync(over.path)).toBe(false);
    expect(await openFiles()).toBe(before);
  });

  it('says that the disk is full and removes what was written', async () => {
    const path = newPath();
    await writeFile(path, 'the part that still had room');
    const before = await openFiles();
    // The kernel's own full device: every write to it fails with ENOSPC.
    const file = receiveInto(await open('/dev/full', 'w'), path, Number.POSITIVE_INFINITY);
    const failed = await file.write(Buffer.alloc(2 ** 20)).catch((error) => error);
    expect(failed).toMatchObject({ code: 'storage_full', status: 507 });
    expect(existsSync(path)).toBe(false);
    expect(await openFiles()).toBe(before);

    const small = receiveInto(await open('/dev/full', 'w'), path, Number.POSITIVE_INFINITY);
    await small.write(Buffer.alloc(10));
    await expect(small.finish()).rejects.toMatchObject({ code: 'storage_full' });
  });

  it('is discarded at any time, more than once', async () => {
    const before = await openFiles();
    const file = await writeTempFile(newPath(), 1e9);
    await file.write(Buffer.alloc(3_000_000));
    await Promise.all([file.discard(), file.discard()]);
    await file.discard();
    expect(existsSync(file.path)).toBe(false);
    expect(await openFiles()).toBe(before);
  });

  it('never writes over a file that exists', async () => {
    const path = newPath();
    await writeFile(path, 'kept');
    await expect(writeTempFile(path, 10)).rejects.toMatchObject({ code: 'EEXIST' });
    expect(await readFile(path, 'utf8')).toBe('kept');
  });
});
