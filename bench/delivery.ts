import { fork } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { makePhoto } from '../test/fixtures/photo.ts';
import { type Absent, type BenchRow, type Contender, type Contest, canMeasureProcesses, cpuDuring } from './harness.ts';
import { fire, type Shot, toRequest } from './load/http-load.ts';
import { type Account, type RunningServer, startServer } from './load/server.ts';
import type { ByteServerWay } from './peers/byte-server.ts';
import { noNginx, type Peer, startNginx } from './peers/nginx.ts';

export const noProc: Absent = { absent: 'the CPU time of processes is read from /proc, which is not here' };

/** Distinct pictures: what is fast only for one of them is not measured. */
export const THUMBNAILS = 150;
const ORIGINALS = 12;

/** Gates above the targets are where we stand on a busy machine: they catch what becomes worse. nginx copies no byte (sendfile). */
export const rows: BenchRow[] = [
  {
    name: 'thumbnail with session and owner check, the real server, beside nginx serving the file',
    unit: 'CPU µs',
    target: 1.2,
    gate: 1.5,
    prepare: () => prepareThumbnails(startNginx),
  },
  {
    name: 'thumbnail with session and owner check, the real server, beside bare node:http from memory',
    unit: 'CPU µs',
    target: 1.15,
    gate: 1.5,
    prepare: () => prepareThumbnails((folder) => startByteServer('memory', folder)),
  },
  {
    name: 'cold thumbnail, delivery with nothing in memory, beside nginx serving the file',
    unit: 'CPU µs',
    target: 2,
    gate: 6,
    prepare: prepareCold,
  },
  {
    name: 'original of 3 MB with session and owner check, the real server, beside nginx',
    unit: 'CPU µs',
    target: 1.2,
    gate: 1.6,
    prepare: () => prepareOriginals(null),
  },
  {
    name: 'range of 1 MB of an original, the real server, beside nginx',
    unit: 'CPU µs',
    target: 1.2,
    gate: 3.2,
    prepare: () => prepareOriginals({ start: 1_000_000, end: 2_000_000 }),
  },
];

export interface Library {
  readonly server: RunningServer;
  readonly owner: Account;
  readonly ids: string[];
}

/** A library of one owner, filled over the API, on the real server. */
export async function fillLibrary(
  count: number,
  width: number,
  height: number,
  environment: Record<string, string> = {},
): Promise<Library> {
  const server = await startServer(environment);
  const owner = await server.register('owner');
  const ids: string[] = [];
  for (let seed = 0; seed < count; seed += 1) {
    ids.push(await server.upload(owner, `${seed}.jpg`, await makePhoto({ width, height, seed })));
  }
  return { server, owner, ids };
}

async function prepareThumbnails(startPeer: (folder: string) => Promise<Peer | null>): Promise<Contest | Absent> {
  if (!canMeasureProcesses) return noProc;
  return contest(await fillLibrary(THUMBNAILS, 1200, 900), {
    variant: 'medium',
    count: 40_000,
    startPeer,
    range: null,
  });
}

async function prepareOriginals(range: { start: number; end: number } | null): Promise<Contest | Absent> {
  if (!canMeasureProcesses) return noProc;
  return contest(await fillLibrary(ORIGINALS, 4000, 3000), {
    variant: 'original',
    count: 1000,
    startPeer: startNginx,
    range,
  });
}

interface Duel {
  variant: 'medium' | 'original';
  /** Requests a measurement. */
  count: number;
  startPeer: (folder: string) => Promise<Peer | null>;
  range: { start: number; end: number } | null;
}

/** The same bytes from the library and from the peer, request for request. */
async function contest(
  { server, owner, ids }: Library,
  { variant, count, startPeer, range }: Duel,
): Promise<Contest | Absent> {
  const folder = await mkdtemp(join(tmpdir(), 'bench-bytes-'));
  const headers: Record<string, string> = range ? { range: `bytes=${range.start}-${range.end - 1}` } : {};
  const shots: { ours: Shot[]; theirs: Shot[] } = { ours: [], theirs: [] };
  let total = 0;
  for (const id of ids) {
    const path = `/api/v1/photos/${id}/${variant}`;
    const bytes = Buffer.from(
      await (await fetch(server.url + path, { headers: { cookie: owner.cookie } })).arrayBuffer(),
    );
    await writeFile(join(folder, id), bytes);
    const sent = range ? bytes.subarray(range.start, range.end) : bytes;
    total += sent.length;
    const expected = { status: range ? 206 : 200, bytes: sent.length, sha256: sha256(sent) };
    shots.ours.push({ ...expected, request: toRequest(path, { ...headers, cookie: owner.cookie }) });
    shots.theirs.push({ ...expected, request: toRequest(`/${id}`, headers) });
  }
  await requireGuarded(server, `/api/v1/photos/${ids[0]}/${variant}`);
  const peer = await startPeer(folder);
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
    ours: await contender('tintype', server, shots.ours, count),
    peer: await contender('peer', peer, shots.theirs, count),
    beside: () =>
      `${ids.length} pictures of ${Math.round(total / ids.length / 1000)} kB, ${count} requests a time over 16 connections; ` +
      'with the CPU of PostgreSQL and of every child; a stranger got 404, one without a session 401',
    close,
  };
}

/** Who may not see a picture must be told nothing of it, else its price means little. */
async function requireGuarded(server: RunningServer, path: string): Promise<void> {
  const stranger = await server.register('stranger');
  const foreign = await fetch(server.url + path, { headers: { cookie: stranger.cookie } });
  const signedOut = await fetch(server.url + path);
  if (foreign.status !== 404 || signedOut.status !== 401) {
    throw new Error(`a stranger got ${foreign.status}, one without a session ${signedOut.status}`);
  }
  await Promise.all([foreign.arrayBuffer(), signedOut.arrayBuffer()]);
}

async function prepareCold(): Promise<Contest | Absent> {
  if (!canMeasureProcesses) return noProc;
  const folder = await mkdtemp(join(tmpdir(), 'bench-cold-'));
  const [shots, flat]: [Shot[], string] = [[], join(folder, 'flat')];
  await mkdir(flat);
  for (let seed = 0; seed < THUMBNAILS; seed += 1) {
    const bytes = await makePhoto({ width: 512, height: 384, seed, format: 'webp' });
    const hash = sha256(bytes);
    const stored = join(folder, 'derivatives', hash.slice(0, 2), hash.slice(2, 4), `${hash}.medium`);
    await mkdir(dirname(stored), { recursive: true });
    await writeFile(stored, bytes);
    await writeFile(join(flat, hash), bytes);
    shots.push({ status: 200, bytes: bytes.length, sha256: hash, request: toRequest(`/${hash}`) });
  }
  const peer = await startNginx(flat);
  if (!peer) {
    await rm(folder, { recursive: true });
    return noNginx;
  }
  const ours = await startByteServer('delivery', folder);
  return {
    ours: await contender('delivery', ours, shots, 20_000),
    peer: await contender('nginx', peer, shots, 20_000),
    beside: () =>
      `${THUMBNAILS} pictures, each opened and read for every request, by us alone: nginx keeps its files open`,
    async close() {
      await ours.close();
      await peer.close();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

/** Warmed up when it is given back. */
export async function contender(
  name: string,
  { pid, port }: { pid: number; port: number },
  shots: Shot[],
  count: number,
): Promise<Contender> {
  await fire(port, shots, Math.ceil(count / 4));
  return {
    name,
    measure: async () => ((await cpuDuring([pid], () => fire(port, shots, count))) / count) * 1000,
  };
}

async function startByteServer(way: ByteServerWay, folder: string): Promise<Peer> {
  const child = fork(fileURLToPath(new URL('./peers/byte-server.ts', import.meta.url)), [way, folder], {
    execArgv: [],
  });
  const [port] = (await once(child, 'message')) as [number];
  return {
    pid: child.pid as number,
    port,
    async close() {
      child.kill();
      if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');
    },
  };
}

export const sha256 = (bytes: Buffer) => createHash('sha256').update(bytes).digest('hex');
