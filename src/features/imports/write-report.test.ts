import { chmod, mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import type { ImportCounts } from './import-library.ts';
import { openReport, reportTitle, tellCounts } from './write-report.ts';

const folder = await mkdtemp(join(tmpdir(), 'tintype-report-'));
afterAll(() => rm(folder, { recursive: true, force: true }));
const counts: ImportCounts = {
  people: { made: 1, matched: 2, named: 3, there: 4, skipped: 5 },
  photos: { brought: 1, there: 0, duplicate: 0, aside: 0, skipped: 0 },
  albums: 0,
  reasons: { video: 2 },
};
const what = 'Importing folder';
const write = async (path: string, name: string, end: ImportCounts | null, force = false) => {
  const report = await openReport(path, { force, what });
  report.skipped({ name, why: 'video' });
  await report.end(end);
};

describe('a report', () => {
  test('is for its owner’s eyes alone, and a line for each thing', async () => {
    const path = join(folder, 'lines.txt');
    const report = await openReport(path, { force: false, what });
    report.person({ outcome: 'made', id: null, username: 'quiet', notes: [] });
    report.person({
      outcome: 'matched',
      id: null,
      username: 'bob',
      notes: ['joined to “robert”', 'two\nlines\r\nmore'],
    });
    report.person({ outcome: 'skipped', id: null, username: 'eve', notes: ['left'] });
    await report.end(counts);
    const lines = (await readFile(path, 'utf8')).split('\n');
    expect(lines.slice(1, 3)).toEqual(['person "bob": joined to “robert”; two lines more', 'left out "eve": left']);
    expect(lines[3]).toBe(
      'People: 1 made, 2 joined to accounts with their e-mail, 3 to accounts that were named, 4 there already, 5 left out.',
    );
    expect((await stat(path)).mode & 0o777).toBe(0o600);
  });

  test('of an import that was ended goes on where it stopped', async () => {
    const path = join(folder, 'ended.txt');
    await write(path, 'first.mp4', null);
    await write(path, 'second.mp4', null);
    await write(path, 'third.mp4', counts);
    const text = await readFile(path, 'utf8');
    expect(text.match(/^skipped "\w+\.mp4"/gm)).toEqual([
      'skipped "first.mp4"',
      'skipped "second.mp4"',
      'skipped "third.mp4"',
    ]);
    await expect(write(path, 'fourth.mp4', counts)).rejects.toThrow('--force');
    expect(await readFile(path, 'utf8')).toBe(text);
  });

  test.each([
    ['replaces', true],
    ['goes on in', false],
  ])('is for its owner’s eyes alone where it %s a file that others could read', async (_, force) => {
    const path = join(folder, `open-${force}.txt`);
    await write(path, 'first.mp4', null);
    await chmod(path, 0o644);
    await write(path, 'second.mp4', counts, force);
    expect((await stat(path)).mode & 0o777).toBe(0o600);
  });

  test('of an import that was killed in the middle of a line goes on in the next', async () => {
    const path = join(folder, 'killed.txt');
    await writeFile(path, `${what}, 2026-01-01T00:00:00.000Z\nskipped "fi`);
    await write(path, 'second.mp4', counts);
    expect(await readFile(path, 'utf8')).toMatch(/skipped "fi\nImporting folder, .*\nskipped "second.mp4"/);
  });

  test.each([
    ['that was finished', `${what}, x\n${tellCounts(counts).join('\n')}\n`],
    [
      'of another folder',
      'Importing folder from "/else", x\nIt was ended before all was done: run it again to go on.\n',
    ],
    [
      'of another account',
      'Importing folder for "rosa", x\nIt was ended before all was done: run it again to go on.\n',
    ],
    ['of another system', 'Importing immich, x\nIt was ended before all was done: run it again to go on.\n'],
    ['of a dry run', 'A dry run of importing folder, x\n'],
    ['that is none', 'It was ended before all was done: run it again to go on.\n'],
    ['with nothing in it', ''],
  ])('%s is neither added to nor replaced, unless that is said', async (_, text) => {
    const path = join(folder, 'other.txt');
    await writeFile(path, text);
    await expect(openReport(path, { force: false, what })).rejects.toThrow('is there already');
    expect(await readFile(path, 'utf8')).toBe(text);
    await write(path, 'x.mp4', counts, true);
    expect(await readFile(path, 'utf8')).toMatch(/^Importing folder, .*\nskipped "x.mp4"/);
  });
});

describe('what an import is called in it', () => {
  const titleOf = (from: readonly (string | undefined)[], about: { user?: string; dryRun?: true } = {}) =>
    reportTitle({ system: 'pinit', from, user: about.user, dryRun: about.dryRun === true });

  test('names what is brought, from wherever it was said, and for whom', () => {
    expect(titleOf(['/a', undefined, '/b'])).toBe('Importing pinit from "/a", "/b"');
    expect(titleOf(['there/a'], { user: 'ines' })).toBe(`Importing pinit from "${resolve('there/a')}" for "ines"`);
    expect(titleOf([resolve('a')])).toBe(titleOf(['./b/../a']));
    expect(titleOf(['/a'], { dryRun: true })).toBe('A dry run of importing pinit from "/a"');
  });

  test.each([
    ['postgres://ines:secret@db.example:5432/pinit', 'postgres://ines@db.example:5432/pinit'],
    ['postgresql://ines:se%40cret@db.example/pinit?sslmode=require', 'postgresql://ines@db.example/pinit'],
    ['postgres://ines@else:se@cret@db.example/pinit', 'postgres://ines@else@db.example/pinit'],
    ['postgres://ines@db.example/pinit?password=secret', 'postgres://ines@db.example/pinit'],
    ['postgres://ines:secret@/pinit?password=secret&host=/run/pg', 'postgres://ines@/pinit?host=/run/pg'],
    ['postgres://:secret@db.example/pinit', 'postgres://@db.example/pinit'],
    ['https://immich.example:2283/@ines', 'https://immich.example:2283/@ines'],
  ])('of %s keeps no password', (address, name) => {
    expect(titleOf([address])).toBe(`Importing pinit from "${name}"`);
  });
});
