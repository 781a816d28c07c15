import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import sharp from 'sharp';
import { createImaging, type StyleId, styleIds } from '#platform/imaging/index.ts';
import { makePhoto } from '../test/fixtures/photo.ts';
import { type Absent, type BenchRow, type Contest, canMeasureProcesses, cpuDuring } from './harness.ts';

/** Distinct pictures of 12 megapixels. */
const PHOTOS = 2;
const LIMIT_CPU_MS = 2000;
const LIMIT_MB = 400;

/**
 * Each style beside what it cannot do without: the same photo decoded and encoded again by sharp, with the same settings. The ratio is
 * what the style itself costs; how long and how much memory is held against the limits beside it, which fail the row.
 */
export const rows: BenchRow[] = styleIds.map((style) => ({
  name: `${style} over a 12-megapixel JPEG, beside decoding and encoding it`,
  unit: 'CPU ms',
  target: style === 'cinematic' || style === 'enhance' || style === 'vintage' ? 8 : 13,
  gate: 18,
  prepare: () => prepare(style),
}));

async function prepare(style: StyleId): Promise<Contest | Absent> {
  if (!canMeasureProcesses) return { absent: 'the CPU time of processes is read from /proc, which is not here' };
  const dir = await mkdtemp(join(tmpdir(), 'bench-styles-'));
  const photos = await Promise.all(
    Array.from({ length: PHOTOS }, async (_, seed) => {
      const path = join(dir, `${seed}.jpg`);
      await writeFile(path, await makePhoto({ width: 4000, height: 3000, seed }));
      return path;
    }),
  );
  const imaging = createImaging({ processes: 1, idleMs: 600_000 });
  const none = { takenAt: null, takenOffset: null, make: null, model: null };
  const ours = (path: string) => imaging.stylePhoto({ path, outDir: dir, request: { style, strength: 0.8, ...none } });
  const theirs = (path: string) =>
    sharp(path).jpeg({ quality: 90, chromaSubsampling: '4:4:4', optimiseCoding: false }).toFile(join(dir, 'copy.jpg'));
  sharp.concurrency(1);
  const [first] = photos as [string];
  const cold = await cpuDuring([process.pid], () => ours(first));
  await theirs(first);
  const perPhoto = async (work: (path: string) => Promise<unknown>) => {
    const spent = await cpuDuring([process.pid], async () => {
      for (const path of photos) await work(path);
    });
    return spent / photos.length;
  };
  let most = 0;
  return {
    ours: {
      name: 'tintype',
      async measure() {
        const spent = await perPhoto(ours);
        most = Math.max(most, spent);
        if (spent > LIMIT_CPU_MS) throw new Error(`${Math.round(spent)} ms of CPU; ${LIMIT_CPU_MS} are allowed`);
        return spent;
      },
    },
    peer: { name: 'sharp', measure: () => perPhoto(theirs) },
    async beside() {
      const [pid] = imaging.pids();
      const peak = await peakMegabytes(pid ?? 0);
      if (peak > LIMIT_MB) throw new Error(`${peak} MB; ${LIMIT_MB} are allowed`);
      const { size } = await stat(join(dir, 'styled.jpg'));
      return `at most ${Math.round(most)} ms, with a process and its first run ${Math.round(cold)} ms; peak ${peak} MB of the child; ${(size / 1e6).toFixed(1)} MB written`;
    },
    async close() {
      imaging.close();
      await rm(dir, { recursive: true });
    },
  };
}

/** The most memory that a process has held so far (proc_pid_status(5), VmHWM). */
async function peakMegabytes(pid: number): Promise<number> {
  const status = await readFile(`/proc/${pid}/status`, 'latin1');
  return Math.round((Number(/^VmHWM:\s*(\d+) kB/m.exec(status)?.[1]) * 1024) / 1e6);
}
