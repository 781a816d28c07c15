import { existsSync } from 'node:fs';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type ServerProcess, startProcess } from './crash/server-process.ts';
import { scale } from './scale.ts';
import { slowness } from './slowness.ts';

const atOnce = 32;
const bytesEach = scale(10, 19) * 2 ** 20;
const within = 120_000 * slowness;

/** A file that looks like a JPEG until it is decoded, so that all of it is received and none of it kept. */
const head = Buffer.concat([Buffer.from('ffd8ffe000104a46494600010100000100010000', 'hex'), Buffer.alloc(100)]);
const chunk = Buffer.alloc(64 * 1024, 7);
const formHead = Buffer.from('--XbX\r\nContent-Disposition: form-data; name="file"; filename="a.jpg"\r\n\r\n');
const formEnd = Buffer.from('\r\n--XbX--\r\n');

describe.skipIf(!existsSync('/proc/self/status'))('memory of a server that receives', () => {
  let dataDir = '';
  let server: ServerProcess;
  let bearer = '';

  beforeAll(async () => {
    dataDir = await mkdtemp(join(tmpdir(), 'tintype-memory-'));
    server = await startProcess(dataDir);
    const answer = await fetch(`${server.url}/api/v1/auth/register`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ username: 'sender', password: 'a quiet harbour at dawn' }),
    });
    bearer = ((await answer.json()) as { access_token: string }).access_token;
  });
  afterAll(async () => {
    await server.stop();
    await rm(dataDir, { recursive: true, force: true });
  });

  const residentMegabytes = async (): Promise<number> => {
    const status = await readFile(`/proc/${server.pid}/status`, 'utf8');
    return Number(/^VmRSS:\s+(\d+) kB/m.exec(status)?.[1]) / 1024;
  };

  const send = (isForm: boolean): Promise<number> =>
    new Promise((resolve, reject) => {
      const sending = request(`${server.url}/api/v1/photos`, {
        method: 'POST',
        headers: {
          authorization: `Bearer ${bearer}`,
          'content-type': isForm ? 'multipart/form-data; boundary=XbX' : 'application/octet-stream',
        },
      });
      sending.on('error', reject);
      sending.on('response', (response) => {
        response.resume();
        resolve(response.statusCode ?? 0);
      });
      void (async () => {
        if (isForm) sending.write(formHead);
        sending.write(head);
        for (let sent = head.length; sent < bytesEach; sent += chunk.length) {
          if (!sending.write(chunk)) await new Promise((drained) => sending.once('drain', drained));
        }
        sending.end(isForm ? formEnd : undefined);
      })();
    });

  test.each([
    ['as the body', false],
    ['in forms', true],
  ])(
    `${atOnce} files at once, ${bytesEach / 2 ** 20} MB each, %s: none is held`,
    async (how, isForm) => {
      // One before, so that what is loaded with the first does not count.
      expect(await send(isForm)).toBe(422);
      const before = await residentMegabytes();
      let most = before;
      const watching = setInterval(() => {
        void residentMegabytes().then((now) => {
          most = Math.max(most, now);
        });
      }, 50);
      const answers = await Promise.all(Array.from({ length: atOnce }, () => send(isForm)));
      clearInterval(watching);
      expect(new Set(answers)).toEqual(new Set([422]));
      console.log(`${how}: ${Math.round(before)} MB before, ${Math.round(most)} MB at the most`);
      // Batches of a megabyte and what waits in the sockets; all the bodies together would be several times that.
      expect(most - before).toBeLessThan(160);
      expect(await readdir(join(dataDir, 'tmp'))).toEqual([]);
    },
    within,
  );
});
