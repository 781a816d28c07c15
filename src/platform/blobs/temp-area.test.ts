import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readdir, rm, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createTempArea, type TempArea } from './temp-area.ts';

let tempDir: string;
let area: TempArea;
const children: ChildProcess[] = [];

beforeEach(async () => {
  tempDir = await mkdtemp(join(tmpdir(), 'tintype-temp-area-'));
  area = createTempArea({ tempDir });
});
afterEach(async () => {
  for (const child of children.splice(0)) child.kill('SIGKILL');
  await rm(tempDir, { recursive: true, force: true });
});

/** Another server: it opens two files and a folder, and holds them until it is killed. */
async function startWriter(): Promise<ChildProcess> {
  const program = `
    const { createTempArea } = await import(${JSON.stringify(new URL('./temp-area.ts', import.meta.url).href)});
    const area = createTempArea({ tempDir: ${JSON.stringify(tempDir)} });
    globalThis.held = [await area.createTemp(), await area.createTemp()];
    for (const file of held) await file.write(Buffer.alloc(2_000_000));
    await area.createTempFolder();
    console.log('ready');
    setInterval(() => {}, 1000);
  `;
  const child = spawn(process.execPath, ['--input-type=module', '-e', program], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  children.push(child);
  await once(child.stdout as NodeJS.ReadableStream, 'data');
  return child;
}

describe('the temp area', () => {
  it('gives names that differ, and makes its folder on demand', async () => {
    await rm(tempDir, { recursive: true });
    const files = await Promise.all(Array.from({ length: 20 }, () => area.createTemp()));
    expect(new Set(files.map(({ path }) => path)).size).toBe(20);
    for (const { path } of files) expect(basename(path)).toMatch(/^\d+-\d+-[0-9a-f]{12}\.[0-9a-f-]{36}\.part$/);
    await Promise.all(files.map((file) => file.discard()));
    expect(await readdir(tempDir)).toEqual([]);
  });

  it('sweeps nothing where there is nothing', async () => {
    await rm(tempDir, { recursive: true });
    expect(await area.sweepTemp()).toBe(0);
  });

  it('leaves what living processes write, and removes all that a killed one left at once', async () => {
    const own = await area.createTemp();
    const [killed] = [await startWriter(), await startWriter()];
    expect(await readdir(tempDir)).toHaveLength(7);
    expect(await area.sweepTemp(0)).toBe(0);
    killed.kill('SIGKILL');
    await once(killed, 'exit');
    expect(await area.sweepTemp()).toBe(3);
    const left = await readdir(tempDir);
    expect(left).toHaveLength(4);
    expect(left).toContain(basename(own.path));
    await own.discard();
  });

  it('is not misled by a process id that is used again', async () => {
    const [pid, , machine] = basename((await area.createTemp()).path).split(/[-.]/);
    const earlier = `${pid}-1-${machine}.0.part`;
    await writeFile(join(tempDir, earlier), '');
    expect(await area.sweepTemp()).toBe(1);
    expect(await readdir(tempDir)).not.toContain(earlier);
  });

  it('gives other machines and unknown names an hour', async () => {
    const hoursAgo = new Date(Date.now() - 2 * 3_600_000);
    for (const name of ['1-5-0123456789ab.x.part', 'unknown.part']) {
      await writeFile(join(tempDir, name), 'x');
      await writeFile(join(tempDir, `old-${name}`), 'x');
      await utimes(join(tempDir, `old-${name}`), hoursAgo, hoursAgo);
    }
    expect(await area.sweepTemp()).toBe(2);
    expect((await readdir(tempDir)).sort()).toEqual(['1-5-0123456789ab.x.part', 'unknown.part']);
  });
});
