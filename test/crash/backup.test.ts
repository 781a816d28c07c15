import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync } from 'node:fs';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setImmediate as turn } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { tinyPhoto } from '../app.ts';
import { countPromise } from '../promises.ts';
import { scale } from '../scale.ts';
import { slowness } from '../slowness.ts';
import { type ServerProcess, startProcess } from './server-process.ts';

const root = path.join(import.meta.dirname, '../..');
const photos = scale(25, 200);
const eachWithin = 90_000 * slowness;
const account = { username: 'survivor', password: 'a quiet harbour at dawn' };

let temp = '';
let server: ServerProcess;
const ids: string[] = [];
const at = (name: string) => path.join(temp, name);

beforeAll(async () => {
  temp = await mkdtemp(path.join(tmpdir(), 'tintype-backup-'));
  server = await startProcess(at('library'));
  const bearer = await signIn('register');
  for (let seed = 0; seed < photos; seed += 1) {
    const body = new Uint8Array(await tinyPhoto(seed));
    const headers = { authorization: `Bearer ${bearer}` };
    const answer = await fetch(`${server.url}/api/v1/photos?filename=${seed}.jpg`, { method: 'POST', headers, body });
    ids.push(((await answer.json()) as { id: string }).id);
  }
}, eachWithin);

afterAll(async () => {
  await server.stop();
  await rm(temp, { recursive: true, force: true });
});

async function signIn(by: 'register' | 'login'): Promise<string> {
  const headers = { 'content-type': 'application/json' };
  const body = JSON.stringify(account);
  const answer = await fetch(`${server.url}/api/v1/auth/${by}`, { method: 'POST', headers, body });
  return ((await answer.json()) as { access_token: string }).access_token;
}

/** The command as a person gives it. */
function start(library: string, ...args: string[]) {
  const { PATH, HOME, LANG } = process.env;
  const child = spawn(process.execPath, ['src/main.ts', ...args], {
    cwd: root,
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { PATH, HOME, LANG, TINTYPE_DATA: at(library) },
  });
  let output = '';
  child.stdout.on('data', (chunk) => (output += chunk));
  child.stderr.on('data', (chunk) => (output += chunk));
  const ended = once(child, 'close').then(([code]) => ({ code: code as number | null, output }));
  return { child, ended };
}

const tell = (library: string, ...args: string[]) => start(library, ...args).ended;

const countFiles = (folder: string): number => {
  try {
    return (readdirSync(at(folder), { recursive: true }) as string[]).filter((name) => /[0-9a-f]{64}/.test(name))
      .length;
  } catch {
    // A folder that came or went while it was read.
    return 0;
  }
};

/** Gives the command and kills it once a folder has so many files; what was done before that was seen is given again. */
async function killAt(folder: string, files: number, library: string, ...args: string[]): Promise<void> {
  for (;;) {
    const { child, ended } = start(library, ...args);
    while (countFiles(folder) < files && child.exitCode === null) await turn();
    child.kill('SIGKILL');
    const { code, output } = await ended;
    if (code === null) return;
    expect([code, output]).toEqual([0, output]);
    await rm(at(folder.split('/')[0] as string), { recursive: true });
  }
}

test(
  'a backup that is killed leaves no snapshot, and goes on when it is run again, while the server serves',
  async () => {
    await killAt('backup/blobs', 8, 'library', 'backup', at('backup'));
    expect(await tell('library', 'restore', at('backup'))).toMatchObject({
      code: 1,
      output: expect.stringContaining('has no complete snapshot'),
    });
    expect((await tell('library', 'restore', at('backup'), '--list')).output).toMatch(/^\S+Z {2}interrupted/);

    const there = countFiles('backup/blobs');
    const second = await tell('library', 'backup', at('backup'));
    expect(second.output).toMatch(/had been interrupted; this one took its place/);
    expect(second.output).toContain(`${photos} photos`);
    expect(second.output).toContain(`${photos * 4} files`);
    expect(second).toMatchObject({ code: 0, output: expect.stringContaining(`, ${photos * 4 - there} of them new`) });
    expect(await readdir(at('backup/tmp'))).toEqual([]);
    expect(await readdir(at('backup/snapshots'))).toHaveLength(1);
  },
  eachWithin,
);

test(
  'a restore that is killed leaves an empty library, and goes on when it is run again',
  async () => {
    await killAt('restored/originals', 8, 'restored', 'restore', at('backup'));
    const empty = await startProcess(at('restored'));
    const about = (await await fetch(`${empty.url}/api/v1/auth/login`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(account),
    }).then((answer) => answer.json())) as { error: { code: string } };
    expect(about.error.code).toBe('unauthorized');
    expect(await tell('restored', 'restore', at('backup'))).toMatchObject({
      code: 1,
      output: expect.stringContaining('A server is running on this library'),
    });
    await empty.stop();

    expect(await tell('restored', 'restore', at('backup'))).toMatchObject({
      code: 0,
      output: expect.stringMatching(/Restored .*there already.* into files/),
    });
    await server.stop();
    server = await startProcess(at('restored'));
    const headers = { authorization: `Bearer ${await signIn('login')}` };
    let held = 0;
    for (const [seed, id] of ids.entries()) {
      const answer = await fetch(`${server.url}/api/v1/photos/${id}/original`, { headers });
      if (Buffer.from(await answer.arrayBuffer()).equals(await tinyPhoto(seed))) held += 1;
    }
    const what = 'photos byte for byte after a backup and a restore that were killed and run again';
    countPromise({ promise: 9, what, tried: ids.length, held });
    expect(held).toBe(photos);
    expect(await tell('restored', 'restore', at('backup'))).toMatchObject({
      code: 1,
      output: expect.stringContaining('There are people in this library already'),
    });
  },
  eachWithin,
);

test('a data folder that was named wrong is no library, and none is made of it', async () => {
  const { code, output } = await tell('nowhere', 'backup', at('other'));
  expect([code, output]).toEqual([
    1,
    `tintype: There is no library in ${at('nowhere')}: TINTYPE_DATA names the folder.\n`,
  ]);
  expect(await readdir(temp)).not.toContain('nowhere');
});
