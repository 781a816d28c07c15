import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type ServerProcess, startProcess } from './crash/server-process.ts';
import { scale } from './scale.ts';
import { slowness } from './slowness.ts';

const photos = scale(12, 100);
const side = 2600;
const within = 120_000 * slowness;
/** MB. Cleaned files are written before they are sent: twice as much waits for the garbage collector. */
const allowed = { owner: 50, guest: 100 };

describe.skipIf(!existsSync('/proc/self/status'))('memory of a server that sends an album as a zip', () => {
  let dataDir = '';
  let server: ServerProcess;
  let bearer = '';
  let album = '';
  let bytes = 0;
  const ids: string[] = [];

  // biome-ignore lint/suspicious/noExplicitAny: answers of several routes, read by this test alone.
  const post = async (path: string, body: object): Promise<any> => {
    const answer = await fetch(`${server.url}/api/v1${path}`, {
      method: 'POST',
      headers: { authorization: `Bearer ${bearer}`, 'content-type': 'application/json' },
      body: JSON.stringify(body),
    });
    expect(answer.status).toBeLessThan(300);
    const text = await answer.text();
    return text ? JSON.parse(text) : {};
  };

  beforeAll(async () => {
    dataDir = await mkdtemp(join(tmpdir(), 'tintype-zip-'));
    server = await startProcess(dataDir);
    const person = { username: 'sender', password: 'a quiet harbour at dawn' };
    bearer = (await post('/auth/register', person)).access_token;
    album = (await post('/albums', { name: 'Everything of a year' })).id;
    for (let i = 0; i < photos; i += 1) {
      // Noise that is not compressed: a large file that is quickly decoded.
      const noise = { raw: { width: side, height: side, channels: 3 as const } };
      const picture = await sharp(randomBytes(side * side * 3), noise)
        .png({ compressionLevel: 0 })
        .toBuffer();
      bytes += picture.length;
      const answer = await fetch(`${server.url}/api/v1/photos`, {
        method: 'POST',
        headers: { authorization: `Bearer ${bearer}`, 'content-type': 'image/png' },
        body: new Uint8Array(picture),
      });
      expect(answer.status).toBe(201);
      const { id } = (await answer.json()) as { id: string };
      ids.push(id);
    }
    await post(`/albums/${album}/photos`, { photo_ids: ids });
    // What receiving took would otherwise be there to send with.
    await server.stop();
    server = await startProcess(dataDir);
  }, within);
  afterAll(async () => {
    await server.stop();
    await rm(dataDir, { recursive: true, force: true });
  });

  const residentMegabytes = async (): Promise<number> => {
    const status = await readFile(`/proc/${server.pid}/status`, 'utf8');
    return Number(/^VmRSS:\s+(\d+) kB/m.exec(status)?.[1]) / 1024;
  };

  /** @returns how many bytes came, and how much the server grew meanwhile at the most, in MB */
  async function receive(url: string, headers: Record<string, string>) {
    const before = await residentMegabytes();
    let most = before;
    const watching = setInterval(() => {
      void residentMegabytes().then((now) => {
        most = Math.max(most, now);
      });
    }, 50);
    let received = 0;
    const answer = await fetch(new URL(url, server.url), { headers });
    expect(answer.status).toBe(200);
    for await (const chunk of answer.body as unknown as AsyncIterable<Uint8Array>) received += chunk.length;
    clearInterval(watching);
    return { received, grown: most - before };
  }

  test(`of ${photos} photos of 20 MB, by its owner and by a guest whose files are cleaned: constant`, {
    timeout: within,
  }, async () => {
    const name = `${((photos * side * side * 3) / 1e9).toFixed(1)} GB`;
    // Two photos before, so that what is loaded with the first zip does not count.
    const few = await post('/albums', { name: 'Two of them', photo_ids: ids.slice(0, 2) });
    await receive((await post(`/albums/${few.id}/download`, {})).url, { authorization: `Bearer ${bearer}` });

    const { url } = await post(`/albums/${album}/download`, {});
    const owners = await receive(url, { authorization: `Bearer ${bearer}` });
    expect(owners.received).toBeGreaterThan(bytes);

    const link = await post('/share/create', { album_id: album, allow_download: true, show_metadata: false });
    const unlocked = await fetch(`${server.url}/api/v1/share/${link.access_key}/unlock`, { method: 'POST' });
    const { session } = (await unlocked.json()) as { session: string };
    const guests = await receive(`/api/v1/share/${link.access_key}/download`, { 'x-share-session': session });
    // Without the little that PNG says of itself besides pixels.
    expect(guests.received).toBeGreaterThan(bytes * 0.99);

    console.log(
      `${name}: ${Math.round(owners.grown)} MB more for the owner, ${Math.round(guests.grown)} for the guest`,
    );
    expect(owners.grown).toBeLessThan(allowed.owner);
    expect(guests.grown).toBeLessThan(allowed.guest);
  });
});
