import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { cp, mkdir, mkdtemp, readFile, rm, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeEach, describe, expect, test, vi } from 'vitest';
import { digest, stampWeb, webIsBuilt } from '../bin/launcher/web-stamp.js';
import { slowness } from './slowness.ts';

// Whole programs start here, perhaps beside others that do.
vi.setConfig({ testTimeout: 60_000 * slowness });

// The launcher in a project of its own, whose one dependency lies in the project, so that npm needs no registry.
const project = path.dirname(import.meta.dirname);
const roots = await mkdtemp(path.join(tmpdir(), 'tintype-launcher-'));
let count = 0;
let root = '';

beforeEach(async () => {
  root = path.join(roots, String(++count));
  await mkdir(path.join(root, 'local'), { recursive: true });
  await cp(path.join(project, 'bin'), path.join(root, 'bin'), { recursive: true });
  await writeFile(path.join(root, 'local/package.json'), JSON.stringify({ name: 'local', version: '1.0.0' }));
  await describeProject(
    { local: 'file:local' },
    { 'node_modules/local': { resolved: 'local', link: true }, local: { version: '1.0.0' } },
  );
  await writeFile(
    path.join(root, 'hello.ts'),
    "const args: string[] = process.argv.slice(2); console.log('hello ' + args);",
  );
});

afterAll(() => rm(roots, { recursive: true, force: true }));

async function describeProject(dependencies: Record<string, string>, packages: Record<string, unknown>): Promise<void> {
  const about = { name: 'project', version: '1.0.0', type: 'module', dependencies };
  const lock = { name: 'project', version: '1.0.0', lockfileVersion: 3, packages: { '': about, ...packages } };
  await writeFile(path.join(root, 'package.json'), JSON.stringify(about));
  await writeFile(path.join(root, 'package-lock.json'), JSON.stringify(lock));
}

interface Ended {
  code: number | null;
  signal: NodeJS.Signals | null;
  stdout: string;
  stderr: string;
}

function launch(
  args: string[],
  nodeArgs: string[] = [],
): { ended: Promise<Ended>; stop(): void; said(what: string): Promise<void> } {
  const child = spawn(process.execPath, [...nodeArgs, path.join(root, 'bin/tintype.js'), ...args], {
    cwd: roots,
    env: { PATH: process.env.PATH, HOME: process.env.HOME },
  });
  let stdout = '';
  let stderr = '';
  child.stdout.on('data', (chunk) => (stdout += chunk));
  child.stderr.on('data', (chunk) => (stderr += chunk));
  return {
    ended: once(child, 'close').then(([code, signal]) => ({ code, signal, stdout, stderr })),
    stop: () => child.kill('SIGTERM'),
    said: async (what) => {
      while (!stdout.includes(what)) await once(child.stdout, 'data');
    },
  };
}

// Where Node cannot become another program (before 22.15), the launcher stays as its parent.
const asParent = ['--import', 'data:text/javascript,process.execve = undefined'];

describe('installing', () => {
  test('happens at the first start, not at the second, and again when the lockfile changed', async () => {
    const first = await launch(['run', 'hello.ts', 'you', 'two']).ended;
    expect(first).toMatchObject({ code: 0, stdout: 'hello you,two\n' });
    expect(first.stderr).toContain('Installing the dependencies');
    expect(await launch(['run', 'hello.ts']).ended).toMatchObject({ code: 0, stdout: 'hello \n', stderr: '' });

    await writeFile(path.join(root, 'local/package.json'), JSON.stringify({ name: 'local', version: '2.0.0' }));
    await describeProject(
      { local: 'file:local' },
      { 'node_modules/local': { resolved: 'local', link: true }, local: { version: '2.0.0' } },
    );
    expect((await launch(['run', 'hello.ts']).ended).stderr).toContain('Installed in');
  });

  test('is done by one of two that start at the same moment', async () => {
    const both = await Promise.all([launch(['run', 'hello.ts']).ended, launch(['run', 'hello.ts']).ended]);
    expect(both.map(({ code, stdout }) => [code, stdout])).toEqual([
      [0, 'hello \n'],
      [0, 'hello \n'],
    ]);
    expect(both.filter(({ stderr }) => stderr.includes('Installed in'))).toHaveLength(1);
  });

  test('goes on after a launch that died in the middle of it', async () => {
    const lock = path.join(root, '.tintype.lock');
    await writeFile(lock, '');
    const longAgo = new Date(Date.now() - 60_000);
    await utimes(lock, longAgo, longAgo);
    expect(await launch(['run', 'hello.ts']).ended).toMatchObject({ code: 0, stdout: 'hello \n' });
  });

  test('says in one sentence that the registry cannot be reached', async () => {
    await writeFile(
      path.join(root, '.npmrc'),
      'registry=http://127.0.0.1:1/\nfetch-retries=0\noffline=false\ncache=./cache\n',
    );
    await describeProject({ absent: '1.0.0' }, { 'node_modules/absent': { version: '1.0.0' } });
    const { code, stderr } = await launch(['run', 'hello.ts']).ended;
    expect(code).toBe(1);
    expect(stderr).toContain('the npm registry cannot be reached');
  });
});

describe.each([
  ['by exec', []],
  ['as parent', asParent],
])('starting %s', (_way, nodeArgs) => {
  test('passes the exit code on', async () => {
    await writeFile(path.join(root, 'seven.ts'), 'process.exit(7 as number);');
    expect(await launch(['run', 'seven.ts'], nodeArgs).ended).toMatchObject({ code: 7 });
  });

  test('passes SIGTERM on once and ends after the program has', async () => {
    await writeFile(
      path.join(root, 'drain.ts'),
      `let got = 0; setInterval(() => {}, 1000);
       process.on('SIGTERM', () => { got += 1; setTimeout(() => { console.log('drained', got); process.exit(0); }, 300); });
       console.log('up');`,
    );
    const running = launch(['run', 'drain.ts'], nodeArgs);
    await running.said('up');
    running.stop();
    expect(await running.ended).toMatchObject({ code: 0, signal: null, stdout: 'up\ndrained 1\n' });
  });

  test('puts its Node first in PATH', async () => {
    await writeFile(path.join(root, 'path.ts'), "console.log(process.env.PATH?.split(':')[0]);");
    const { stdout } = await launch(['run', 'path.ts'], nodeArgs).ended;
    expect(stdout.trim()).toBe(path.dirname(process.execPath));
  });
});

test('the web app counts as built from the very sources that are there', async () => {
  await mkdir(path.join(root, 'web/src'), { recursive: true });
  await mkdir(path.join(root, 'web/build'));
  await writeFile(path.join(root, 'web/src/app.ts'), 'export {};');
  await writeFile(path.join(root, 'web/build/index.html'), '');
  expect(webIsBuilt(root)).toBe(false);
  stampWeb(root, digest(root));
  expect(webIsBuilt(root)).toBe(true);
  await utimes(path.join(root, 'web/src/app.ts'), new Date(), new Date());
  expect(webIsBuilt(root)).toBe(true);
  await writeFile(path.join(root, 'web/src/app.ts'), 'export { };');
  expect(webIsBuilt(root)).toBe(false);
});

test('package-lock.json has an entry for every optional package, without which npm ci refuses it', async () => {
  const { packages } = JSON.parse(await readFile(path.join(project, 'package-lock.json'), 'utf8')) as {
    packages: Record<string, { optionalDependencies?: Record<string, string> }>;
  };
  const missing = Object.entries(packages).flatMap(([place, { optionalDependencies = {} }]) =>
    Object.keys(optionalDependencies).filter(
      (name) => !packages[`node_modules/${name}`] && !packages[`${place}/node_modules/${name}`],
    ),
  );
  expect(missing, 'run scripts/complete-lockfile.ts').toEqual([]);
});
