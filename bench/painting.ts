import { mkdtemp, readFile, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import sharp from 'sharp';
import { createImaging, type Imaging } from '#platform/imaging/index.ts';
import { type Absent, type BenchRow, type Contest, canMeasureProcesses, cpuDuring } from './harness.ts';

/** One of each medium, the dearest (oil) among them. */
const prompts = [
  'a mountain lake at first light, cut paper, few colours',
  'sunset over the sea with a sailboat, watercolour',
  'misty mountains, ink',
  'a field of poppies, oil painting',
  'city skyline at dusk, poster',
  'winter village, linocut',
  'lighthouse, stained glass',
  'autumn forest, pastel',
  'hills in summer, gouache',
];
const LIMIT_MB = 250;

export const rows: BenchRow[] = [
  {
    name: 'painted picture of 1024 × 1024 in 30 steps with previews, beside encoding one of that size',
    unit: 'CPU ms',
    target: 60,
    prepare: () => prepare(cpu),
  },
  {
    name: `memory of the painter at 1024 × 1024, beside ${LIMIT_MB} MB`,
    unit: 'MB RSS',
    target: 1,
    prepare: () => prepare(memory),
  },
];

interface Easel {
  readonly imaging: Imaging;
  /** @returns the file's bytes */
  readonly paint: (prompt: string, side?: number) => Promise<number>;
  readonly path: string;
}

async function prepare(contest: (easel: Easel) => Promise<Omit<Contest, 'close'>>): Promise<Contest | Absent> {
  if (!canMeasureProcesses) return { absent: 'the CPU time of processes is read from /proc, which is not here' };
  const dir = await mkdtemp(join(tmpdir(), 'bench-painting-'));
  const imaging = createImaging({ processes: 1, idleMs: 600_000 });
  const path = join(dir, 'painted.jpg');
  const paint = async (prompt: string, side = 1024) => {
    const numbers = { seed: 418_220, width: side, height: side, steps: 30, cfgScale: 7.5 };
    await imaging.paint({ prompt, negativePrompt: '', ...numbers, source: null, outPath: path }, () => {});
    return (await stat(path)).size;
  };
  // Its process has started, and its code is warm.
  await paint(prompts[0] as string);
  return {
    ...(await contest({ imaging, paint, path })),
    async close() {
      imaging.close();
      await rm(dir, { recursive: true });
    },
  };
}

async function cpu({ paint, path }: Easel): Promise<Omit<Contest, 'close'>> {
  const { data, info } = await sharp(path).raw().toBuffer({ resolveWithObject: true });
  const { width, height, channels } = info;
  const encode = () =>
    sharp(data, { raw: { width, height, channels } }).jpeg({ quality: 92, chromaSubsampling: '4:4:4' }).toBuffer();
  const times = new Map<string, number>();
  return {
    ours: {
      name: 'painter',
      async measure() {
        let sum = 0;
        for (const prompt of prompts) {
          const spent = await cpuDuring([process.pid], () => paint(prompt));
          times.set(prompt, spent);
          sum += spent;
        }
        return sum / prompts.length;
      },
    },
    peer: {
      name: 'encode',
      measure: async () =>
        (await cpuDuring([process.pid], async () => {
          for (let round = 0; round < 20; round++) await encode();
        })) / 20,
    },
    async beside() {
      const parts: string[] = [];
      for (const prompt of prompts) {
        const bytes = await paint(prompt);
        const png = (
          await sharp(await readFile(path))
            .png()
            .toBuffer()
        ).length;
        const sizes = `${(bytes / 1000).toFixed(0)} kB, as PNG ${(png / 1000).toFixed(0)} kB`;
        parts.push(`${prompt}: ${(times.get(prompt) ?? 0).toFixed(0)} ms, ${sizes}`);
      }
      return parts.join('\n');
    },
  };
}

async function memory({ imaging, paint }: Easel): Promise<Omit<Contest, 'close'>> {
  const peak = async () => {
    const status = await readFile(`/proc/${imaging.pids()[0]}/status`, 'utf8');
    return Number(/^VmHWM:\s*(\d+) kB/m.exec(status)?.[1] ?? 0) / 1024;
  };
  return {
    ours: {
      name: 'painter',
      async measure() {
        for (const prompt of prompts) await paint(prompt);
        return peak();
      },
    },
    peer: { name: 'limit', measure: async () => LIMIT_MB },
    async beside() {
      for (const prompt of prompts.slice(0, 4)) await paint(prompt, 2048);
      return `after pictures of 2048 × 2048: ${(await peak()).toFixed(0)} MB`;
    },
  };
}
