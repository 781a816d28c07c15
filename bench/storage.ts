import { fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { makePhoto } from '../test/fixtures/photo.ts';
import { hasRadosgw, type Radosgw, startRadosgw } from '../test/radosgw.ts';
import { contender, fillLibrary, type Library, noProc, sha256, THUMBNAILS } from './delivery.ts';
import { type Absent, type BenchRow, type Contest, canMeasureProcesses } from './harness.ts';
import { type Shot, toRequest } from './load/http-load.ts';
import type { Kept, StoreServerWay } from './peers/store-server.ts';

export const rows: BenchRow[] = [
  {
    name: 'thumbnail of a library in a bucket, the real server, beside one of files',
    unit: 'CPU µs',
    target: 1.1,
    gate: 1.2,
    prepare: prepareServers,
  },
  {
    name: 'thumbnail out of the cache on disk before a bucket, nothing in memory, beside files',
    unit: 'CPU µs',
    target: 1.1,
    gate: 1.3,
    prepare: prepareStores,
  },
];

const noCeph: Absent = {
  absent: 'Debian’s packages ceph-mon, ceph-osd, ceph-common and radosgw are not all installed',
};
const bucket = 'bench';

const keysOf = ({ endpoint, accessKeyId, secretAccessKey }: Radosgw): Record<string, string> => ({
  S3_ENDPOINT: endpoint,
  S3_BUCKET: bucket,
  S3_REGION: 'us-east-1',
  S3_ACCESS_KEY_ID: accessKeyId,
  S3_SECRET_ACCESS_KEY: secretAccessKey,
});

async function prepareServers(): Promise<Contest | Absent> {
  if (!canMeasureProcesses) return noProc;
  if (!hasRadosgw) return noCeph;
  const ceph = await startRadosgw();
  await ceph.createBucket(bucket);
  const far = await fillLibrary(THUMBNAILS, 1200, 900, { TINTYPE_STORAGE: 's3', ...keysOf(ceph) });
  const near = await fillLibrary(THUMBNAILS, 1200, 900);
  const count = 40_000;
  return {
    ours: await contender('bucket', far.server, await thumbnailsOf(far), count),
    peer: await contender('files', near.server, await thumbnailsOf(near), count),
    beside: () =>
      `${THUMBNAILS} pictures, ${count} requests a time over 16 connections, all asked for before; a radosgw of Debian’s`,
    async close() {
      await far.server.close();
      await near.server.close();
      await ceph.stop();
    },
  };
}

async function thumbnailsOf({ server, owner, ids }: Library): Promise<Shot[]> {
  const shots: Shot[] = [];
  for (const id of ids) {
    const path = `/api/v1/photos/${id}/medium`;
    const answer = await fetch(server.url + path, { headers: { cookie: owner.cookie } });
    const bytes = Buffer.from(await answer.arrayBuffer());
    const request = toRequest(path, { cookie: owner.cookie });
    shots.push({ status: 200, bytes: bytes.length, sha256: sha256(bytes), request });
  }
  return shots;
}

async function prepareStores(): Promise<Contest | Absent> {
  if (!canMeasureProcesses) return noProc;
  if (!hasRadosgw) return noCeph;
  const ceph = await startRadosgw();
  await ceph.createBucket(bucket);
  const folder = await mkdtemp(join(tmpdir(), 'bench-stores-'));
  const [far, near] = [
    await startStoreServer('bucket', join(folder, 'far'), keysOf(ceph)),
    await startStoreServer('files', join(folder, 'near'), {}),
  ];
  const count = 20_000;
  return {
    ours: await contender('bucket', far, far.shots, count),
    peer: await contender('files', near, near.shots, count),
    beside: () =>
      `${THUMBNAILS} pictures, each opened and read for every request, by our delivery with nothing in memory`,
    async close() {
      await far.close();
      await near.close();
      await ceph.stop();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

async function startStoreServer(way: StoreServerWay, folder: string, environment: Record<string, string>) {
  const script = fileURLToPath(new URL('./peers/store-server.ts', import.meta.url));
  const child = fork(script, [way, folder], { execArgv: [], env: { ...process.env, ...environment } });
  const ended = once(child, 'exit').then(() => Promise.reject(new Error(`the ${way} server ended`)));
  const ask = async <Answer>(): Promise<Answer> =>
    ((await Promise.race([once(child, 'message'), ended])) as [Answer])[0];
  const port = await ask<number>();
  const shots: Shot[] = [];
  for (let seed = 0; seed < THUMBNAILS; seed += 1) {
    const bytes = await makePhoto({ width: 512, height: 384, seed, format: 'webp' });
    child.send({ hash: sha256(bytes), bytes: bytes.toString('base64') } satisfies Kept);
    await ask<'kept'>();
    shots.push({ status: 200, bytes: bytes.length, sha256: sha256(bytes), request: toRequest(`/${sha256(bytes)}`) });
  }
  return {
    pid: child.pid as number,
    port,
    shots,
    async close() {
      ended.catch(() => {});
      child.kill();
      await ended.catch(() => {});
    },
  };
}
