import { type ChildProcess, fork } from 'node:child_process';
import { mkdir, mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import sharp from 'sharp';
import { createImaging } from '#platform/imaging/index.ts';
import { makePhoto, type PhotoOptions } from '../test/fixtures/photo.ts';
import { type BenchRow, type Contest, canMeasureProcesses, cpuDuring } from './harness.ts';
import type { PeerRequest } from './peers/decode-once.ts';

type Profile = NonNullable<PhotoOptions['icc']>;

/** Distinct pictures, so that nothing anywhere can be remembered; 12 megapixels of about 3 MB each. */
const PHOTOS = 8;
const OUTPUTS = ['preview.jpg', 'medium.webp', 'small.webp'];

/** By embedded profile, the ratios to reach: with each side's own encoder settings, and with ours on both sides. */
const PROFILES: { icc: Profile; label: string; own: number; same: number }[] = [
  { icc: 'none', label: 'no profile', own: 0.8, same: 0.95 },
  { icc: 'srgb', label: 'sRGB profile', own: 0.5, same: 0.62 },
  { icc: 'p3', label: 'Display P3 profile', own: 0.52, same: 0.62 },
];

export const rows: BenchRow[] = PROFILES.flatMap(({ icc, label, own, same }) => [
  {
    name: `ingest of a 12-megapixel JPEG, ${label}, own settings`,
    unit: 'CPU ms',
    target: own,
    gate: 0.8,
    prepare: () => prepare(icc, 'default'),
  },
  {
    name: `ingest of a 12-megapixel JPEG, ${label}, same encoder settings`,
    unit: 'CPU ms',
    target: same,
    prepare: () => prepare(icc, 'ours'),
  },
]);

async function prepare(icc: Profile, encoders: PeerRequest['encoders']): Promise<Contest | { absent: string }> {
  if (!canMeasureProcesses) return { absent: 'the CPU time of processes is read from /proc, which is not here' };
  const dir = await mkdtemp(join(tmpdir(), 'bench-ingest-'));
  const photos = await Promise.all(
    Array.from({ length: PHOTOS }, async (_, seed) => {
      const path = join(dir, `${seed}.jpg`);
      const camera = { make: 'Tintype', model: 'Bench' };
      await writeFile(
        path,
        await makePhoto({ width: 4000, height: 3000, seed, icc, takenAt: '2024-06-14T09:30:00+02:00', camera }),
      );
      return path;
    }),
  );
  const folders = { ours: join(dir, 'ours'), peer: join(dir, 'peer') };
  await Promise.all(Object.values(folders).map((folder) => mkdir(folder)));

  const imaging = createImaging({ processes: 1, idleMs: 600_000 });
  const peer = await startPeer();
  const ours = (path: string) => imaging.ingest({ path, outDir: folders.ours });
  const theirs = (path: string) => peer.ingest({ path, outDir: folders.peer, encoders });
  // Each has decoded and encoded once before it is measured.
  const [first] = photos as [string];
  await ours(first);
  await theirs(first);

  // The whole tree of this process: what the parent does for either of them counts too.
  const perPhoto = async (ingest: (path: string) => Promise<unknown>) => {
    const spent = await cpuDuring([process.pid], async () => {
      for (const path of photos) await ingest(path);
    });
    return spent / photos.length;
  };
  return {
    ours: { name: 'tintype', measure: () => perPhoto(ours) },
    peer: { name: 'decode once', measure: () => perPhoto(theirs) },
    async beside() {
      await ours(first);
      await theirs(first);
      return `${await quality('ours', folders.ours, first)}\n${await quality('peer', folders.peer, first)}`;
    },
    async close() {
      imaging.close();
      peer.close();
      await rm(dir, { recursive: true });
    },
  };
}

/** Bytes of each output, and its PSNR against the picture converted to sRGB in full size and then reduced, without loss. */
async function quality(label: string, folder: string, original: string): Promise<string> {
  const parts = OUTPUTS.map(async (name) => {
    const encoded = await readFile(join(folder, name));
    const { data, info } = await sharp(encoded).raw().toBuffer({ resolveWithObject: true });
    const converted = await sharp(original).png({ compressionLevel: 0 }).toBuffer();
    const reference = await sharp(converted).resize(info.width, info.height).raw().toBuffer();
    let squares = 0;
    for (let i = 0; i < data.length; i++) squares += ((data[i] ?? 0) - (reference[i] ?? 0)) ** 2;
    const decibels = 10 * Math.log10(255 ** 2 / (squares / data.length));
    const { size } = await stat(join(folder, name));
    return `${name} ${(size / 1000).toFixed(1)} kB ${decibels.toFixed(1)} dB`;
  });
  return `${label}: ${(await Promise.all(parts)).join(', ')}`;
}

async function startPeer() {
  const child = fork(fileURLToPath(new URL('./peers/decode-once.ts', import.meta.url)), [], {
    serialization: 'advanced',
    execArgv: [],
    env: { ...process.env, MALLOC_ARENA_MAX: '2' },
  });
  await answerOf(child);
  return {
    async ingest(request: PeerRequest) {
      child.send(request);
      const { error } = (await answerOf(child)) as { error: string | null };
      if (error) throw new Error(error);
    },
    close: () => child.kill(),
  };
}

function answerOf(child: ChildProcess): Promise<unknown> {
  return new Promise((resolve, reject) => {
    const lost = () => reject(new Error('the peer ended'));
    child.once('exit', lost);
    child.once('message', (answer) => {
      child.off('exit', lost);
      resolve(answer);
    });
  });
}
