import { spawn } from 'node:child_process';
import { getEventListeners, once } from 'node:events';
import { readFileSync } from 'node:fs';
import { mkdir, mkdtemp, readdir, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import sharp from 'sharp';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { eventually } from '../../../test/eventually.ts';
import { jpegClaiming } from '../../../test/fixtures/bombs.ts';
import { slowness } from '../../../test/slowness.ts';
import { startDecoder } from './decoder.ts';
import { createImaging, type Imaging } from './index.ts';

let dir: string;
let imaging: Imaging | undefined;
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'faults-'));
  await writeFile(
    join(dir, 'red'),
    await sharp({ create: { width: 9, height: 9, channels: 3, background: 'red' } })
      .png()
      .toBuffer(),
  );
});
afterEach(async () => {
  imaging?.close();
  imaging = undefined;
  await rm(dir, { recursive: true });
});

const ingestRed = (signal?: AbortSignal) => start().ingest({ path: join(dir, 'red'), outDir: dir, signal });
function start(options: Parameters<typeof createImaging>[0] = {}): Imaging {
  imaging ??= createImaging({ processes: 1, ...options });
  return imaging;
}
const onlyPid = () => {
  const [pid, ...others] = start().pids();
  if (!pid || others.length) throw new Error('not exactly one process');
  return pid;
};
/** Begins a picture, which has its place from then on: at work where there was nothing before it, else in the queue. */
async function begin() {
  const ending = new AbortController();
  const result = ingestRed(ending.signal);
  // A test that fails before it looks at this one says why itself.
  result.catch(() => {});
  // In the queue and at work, and only there, a picture listens for its end.
  await eventually(() => expect(getEventListeners(ending.signal, 'abort')).toHaveLength(1));
  return { result, leave: (reason: Error) => ending.abort(reason) };
}
/** One letter, as in proc(5); null for a process that is gone. */
function stateOf(pid: number): string | null {
  try {
    return /^State:\s+(\w)/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? null;
  } catch {
    return null;
  }
}
/** Whether a process exists; one that has ended but was not waited for counts as gone. */
const lives = (pid: number) => ![null, 'Z', 'X'].includes(stateOf(pid));
const untilGone = (pid: number) => eventually(() => expect(lives(pid)).toBe(false));
/** From then on it answers nothing. */
async function freeze(pid: number) {
  process.kill(pid, 'SIGSTOP');
  await eventually(() => expect(stateOf(pid)).toBe('T'));
}

test('no process runs before the first picture, and none when there was no work for a while', async () => {
  expect(start().pids()).toEqual([]);
  await ingestRed();
  const pid = onlyPid();
  await ingestRed();
  expect(onlyPid()).toBe(pid);
  start().close();
  imaging = undefined;
  start({ idleMs: 50 });
  await ingestRed();
  await eventually(() => expect(start().pids()).toEqual([]));
  await expect(ingestRed()).resolves.toMatchObject({ width: 9 });
});

test('a crash fails the picture at hand and no other', async () => {
  await ingestRed();
  const pid = onlyPid();
  await freeze(pid);
  const doomed = await begin();
  const next = await begin();
  process.kill(pid, 'SIGKILL');
  await expect(doomed.result).rejects.toMatchObject({ code: 'undecodable', status: 422 });
  await expect(next.result).resolves.toMatchObject({ width: 9 });
  expect(onlyPid()).not.toBe(pid);
});

test('what takes too long is killed', async () => {
  start({ timeoutMs: 5000 });
  await ingestRed();
  const pid = onlyPid();
  await freeze(pid);
  await expect(ingestRed()).rejects.toMatchObject({
    code: 'undecodable',
    message: 'This picture took too long to decode.',
  });
  await untilGone(pid);
  await expect(ingestRed()).resolves.toMatchObject({ width: 9 });
});

test('an abort ends the waiting at once, and the work with its process', async () => {
  await ingestRed();
  const pid = onlyPid();
  await freeze(pid);
  const atWork = await begin();
  const inQueue = await begin();
  inQueue.leave(new Error('the waiting one left'));
  await expect(inQueue.result).rejects.toThrow('the waiting one left');
  expect(lives(pid)).toBe(true);
  atWork.leave(new Error('the working one left'));
  await expect(atWork.result).rejects.toThrow('the working one left');
  await untilGone(pid);
  await expect(ingestRed()).resolves.toMatchObject({ width: 9 });
});

test('signals meant for the server do not reach into a picture', async () => {
  await ingestRed();
  const pid = onlyPid();
  await freeze(pid);
  const atWork = await begin();
  process.kill(pid, 'SIGTERM');
  process.kill(pid, 'SIGINT');
  process.kill(pid, 'SIGCONT');
  await expect(atWork.result).resolves.toMatchObject({ width: 9 });
  expect(onlyPid()).toBe(pid);
});

/** Another process with a decoder that has done its first picture; `then` is what it does next. */
async function serverWithDecoder(then: string) {
  const script = `
    const { createImaging } = await import(${JSON.stringify(new URL('./index.ts', import.meta.url).href)});
    const imaging = createImaging({ processes: 1, idleMs: 600_000 });
    await imaging.ingest({ path: ${JSON.stringify(join(dir, 'red'))}, outDir: ${JSON.stringify(dir)} });
    console.log(imaging.pids()[0]);
    ${then}`;
  const server = spawn(process.execPath, ['--input-type=module', '-e', script], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const [printed] = await once(server.stdout, 'data');
  return { server, pid: Number(printed) };
}

test('a server that is killed leaves no process behind', async () => {
  const { server, pid } = await serverWithDecoder('setInterval(() => {}, 1000);');
  expect(lives(pid)).toBe(true);
  server.kill('SIGKILL');
  await untilGone(pid);
});

test('a process at rest keeps no server from ending', async () => {
  const { server, pid } = await serverWithDecoder('');
  expect(server.exitCode ?? (await once(server, 'exit'))[0]).toBe(0);
  await untilGone(pid);
});

test('closing ends the processes, and what was at work or comes after is told to come again', async () => {
  await ingestRed();
  const pid = onlyPid();
  await freeze(pid);
  const atWork = await begin();
  start().close();
  await expect(atWork.result).rejects.toMatchObject({ code: 'unavailable', status: 503 });
  await expect(ingestRed()).rejects.toMatchObject({ code: 'unavailable' });
  await untilGone(pid);
});

test('a folder that cannot be written to is the server’s failure, not the picture’s', async () => {
  const absent = start().ingest({ path: join(dir, 'red'), outDir: join(dir, 'absent') });
  await expect(absent).rejects.toMatchObject({ code: 'server_error' });
  expect(await readdir(dir)).toEqual(['red']);
});

test('a full disk says so', async () => {
  await mkdir(join(dir, 'out'));
  // Every write to /dev/full fails with ENOSPC.
  await symlink('/dev/full', join(dir, 'out', 'preview.jpg'));
  await expect(start().ingest({ path: join(dir, 'red'), outDir: join(dir, 'out') })).rejects.toMatchObject({
    code: 'storage_full',
    status: 507,
  });
});

describe('one process by itself', () => {
  test('reads no other format than those on the list, even when asked to', async () => {
    const decoder = startDecoder();
    try {
      const drawing = join(dir, 'drawing.png');
      await writeFile(
        drawing,
        '<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"><rect width="9" height="9"/></svg>',
      );
      const tiff = join(dir, 'scan.jpg');
      await sharp(join(dir, 'red')).tiff().toFile(tiff);
      for (const path of [drawing, tiff]) {
        await expect(decoder.inspect(path, 1e8, { timeoutMs: 10_000 * slowness })).rejects.toMatchObject({
          code: 'undecodable',
        });
      }
      await expect(decoder.inspect(join(dir, 'red'), 1e8, { timeoutMs: 10_000 * slowness })).resolves.toMatchObject({
        facts: { format: 'png' },
      });
    } finally {
      decoder.kill();
    }
  });

  test('knows none of the server’s secrets', async () => {
    process.env.TINTYPE_TEST_SECRET = 'hunter2';
    const decoder = startDecoder();
    try {
      await decoder.inspect(join(dir, 'red'), 1e8, { timeoutMs: 10_000 * slowness });
      const environment = readFileSync(`/proc/${decoder.pid}/environ`, 'latin1');
      expect(environment).toContain('MALLOC_ARENA_MAX=2');
      expect(environment).not.toContain('hunter2');
    } finally {
      delete process.env.TINTYPE_TEST_SECRET;
      decoder.kill();
    }
  });
});

test.skipIf(process.platform !== 'linux')(
  'twenty bombs at once stay within the budget of one',
  {
    timeout: 60_000 * slowness,
  },
  async () => {
    // Progressive: their coefficients are held whole, about 300 MB for 98 megapixels in a file of half a kilobyte.
    await writeFile(join(dir, 'refused'), await jpegClaiming(16_000, 16_000, true));
    await writeFile(join(dir, 'just-allowed'), await jpegClaiming(9900, 9900, true));
    start({ processes: 2 });
    let peak = 0;
    const sampling = setInterval(() => {
      const total = start()
        .pids()
        .reduce((sum, pid) => sum + residentMegabytes(pid), 0);
      peak = Math.max(peak, total);
    }, 10);
    const results = await Promise.allSettled(
      Array.from({ length: 20 }, async (_, i) => {
        const outDir = join(dir, String(i));
        await mkdir(outDir);
        return start().ingest({ path: join(dir, i % 5 ? 'refused' : 'just-allowed'), outDir });
      }),
    );
    clearInterval(sampling);
    expect(results.filter(({ status }) => status === 'fulfilled')).toHaveLength(4);
    // Two at once would take 800; one beside a process at rest takes 550.
    expect(peak).toBeGreaterThan(300);
    expect(peak).toBeLessThan(680);
  },
);

function residentMegabytes(pid: number): number {
  try {
    return (Number(readFileSync(`/proc/${pid}/statm`, 'latin1').split(' ')[1]) * 4096) / 2 ** 20;
  } catch {
    return 0;
  }
}
