import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { makePhoto } from '../test/fixtures/photo.ts';
import { contender, noProc, sha256 } from './delivery.ts';
import { type Absent, type BenchRow, type Contest, canMeasureProcesses } from './harness.ts';
import { type Shot, toRequest } from './load/http-load.ts';
import { type Account, type RunningServer, startServer } from './load/server.ts';
import { noNginx, startNginx } from './peers/nginx.ts';

/** As many organizations as one person may administer, each with a logo of its own. */
const LOGOS = 50;
const REQUESTS = 40_000;

export const rows: BenchRow[] = [
  {
    name: 'public picture of 512 px by its address, the real server, beside nginx serving the file',
    unit: 'CPU µs',
    target: 1.2,
    gate: 1.5,
    prepare: () => preparePictures('&size=512'),
  },
];

async function preparePictures(size: string): Promise<Contest | Absent> {
  if (!canMeasureProcesses) return noProc;
  const server = await startServer();
  const owner = await server.register('owner');
  const folder = await mkdtemp(join(tmpdir(), 'bench-pictures-'));
  const shots: { ours: Shot[]; theirs: Shot[] } = { ours: [], theirs: [] };
  let total = 0;
  for (let seed = 0; seed < LOGOS; seed += 1) {
    const path = `${await showLogo(server, owner, seed)}${size}`;
    const answer = await fetch(server.url + path);
    if (answer.headers.get('cache-control') !== 'public, max-age=31536000, immutable') {
      throw new Error('a picture by its address is not to be kept for ever');
    }
    const bytes = Buffer.from(await answer.arrayBuffer());
    await writeFile(join(folder, String(seed)), bytes);
    total += bytes.length;
    const expected = { status: 200, bytes: bytes.length, sha256: sha256(bytes) };
    shots.ours.push({ ...expected, request: toRequest(path) });
    shots.theirs.push({ ...expected, request: toRequest(`/${seed}`) });
  }
  const peer = await startNginx(folder);
  const close = async () => {
    await server.close();
    await peer?.close();
    await rm(folder, { recursive: true, force: true });
  };
  if (!peer) {
    await close();
    return noNginx;
  }
  return {
    ours: await contender('tintype', server, shots.ours, REQUESTS),
    peer: await contender('peer', peer, shots.theirs, REQUESTS),
    beside: () =>
      `${LOGOS} logos of ${Math.round(total / LOGOS / 1000)} kB, ${REQUESTS} requests a time over 16 connections; ` +
      'with the CPU of PostgreSQL and of every child',
    close,
  };
}

/** @returns where it is shown */
async function showLogo(server: RunningServer, { cookie }: Account, seed: number): Promise<string> {
  const call = async (
    method: string,
    path: string,
    type: string,
    body: string | Uint8Array<ArrayBuffer>,
  ): Promise<{ id: string; url: string }> => {
    const headers = { cookie, origin: server.url, 'content-type': type };
    const answer = await fetch(`${server.url}/api/v1${path}`, { method, headers, body });
    if (!answer.ok) throw new Error(`${path} answered ${answer.status}: ${await answer.text()}`);
    return (await answer.json()) as { id: string; url: string };
  };
  const { id } = await call('POST', '/organizations', 'application/json', JSON.stringify({ name: `Number ${seed}` }));
  const photo = new Uint8Array(await makePhoto({ width: 1200, height: 900, seed }));
  return (await call('PUT', `/organizations/${id}/logo`, 'application/octet-stream', photo)).url;
}
