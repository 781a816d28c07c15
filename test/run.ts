// npm test: everything that holds the product, with one last line that counts it.
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { requireChromium } from './chromium.ts';
import type { Unhandled } from './unhandled-reporter.ts';

interface Check {
  readonly name: string;
  /** A program of a dependency, or a script of the project, and its arguments. */
  readonly command: readonly [string, ...string[]];
  readonly cwd?: string;
}

interface Counts {
  passed: number;
  failed: number;
  skipped: number;
}

const root = path.dirname(import.meta.dirname);
const bin = (name: string): string => path.join(root, 'node_modules/.bin', name);
let reports = 0;
const running = new Set<ReturnType<typeof spawn>>();
let stopped = false;

const { values: options, positionals: given } = parseArgs({
  allowPositionals: true,
  options: {
    coverage: { type: 'boolean', default: false },
    /** Only where another PostgreSQL may answer otherwise: CI runs it a second time against Debian's. */
    'database-only': { type: 'boolean', default: false },
    /** A test that did not run fails: on a machine that has everything, a skip hides something. */
    'skips-fail': { type: 'boolean', default: false },
    /** The files in which a few tests failed run once more, by themselves; what passes then is told as unsteady. For CI. */
    again: { type: 'boolean', default: false },
    /** Passed on to vitest. */
    testNamePattern: { type: 'string', short: 't' },
    help: { type: 'boolean', short: 'h', default: false },
  },
});

const checks: Check[] = [
  { name: 'types of the server', command: [bin('tsc'), '--project', 'tsconfig.json'] },
  // Their functions run partly in the page, so they know the browser's names too.
  { name: 'types of the journeys', command: [bin('tsc'), '--project', 'test/journeys/tsconfig.json'] },
  {
    name: 'types of the web app',
    command: [bin('svelte-check'), '--tsconfig', 'tsconfig.json', '--output', 'human'],
    cwd: 'web',
  },
  { name: 'lint and format', command: [bin('biome'), 'check', '.'] },
  {
    name: 'dependency rules',
    command: [
      bin('depcruise'),
      'bin',
      'src',
      'web/src',
      'test',
      'bench',
      'scripts',
      '--config',
      '.dependency-cruiser.cjs',
    ],
  },
  { name: 'dead code', command: [bin('knip'), '--no-progress'] },
  { name: 'docs written from the code', command: [path.join(root, 'scripts/write-docs.ts'), '--check'] },
];

if (options.help) {
  console.log('npm test [-- <part of a test file’s path> …] [-t <part of a test’s name>] [--coverage]');
  process.exit(0);
}

process.on('SIGTERM', () => end('SIGTERM'));
process.on('SIGINT', () => end('SIGINT'));

const temp = await mkdtemp(path.join(tmpdir(), 'tintype-results-'));
const total: Counts = { passed: 0, failed: 0, skipped: 0 };
/** What failed and why, told again at the end: what was printed on the way may be far above, or cut off. */
const failures: string[] = [];
/** What failed and then did not, with the reason of the first time: a bug in the product or in the test, told loudly. */
const unsteady: string[] = [];
/** Where there is SQL, or what is built on it at one remove. The rest (pictures, protocols, crashes, start) is alike with any PostgreSQL. */
const overDatabase = [
  'src/features/',
  'src/platform/database/',
  'src/platform/jobs/',
  'src/platform/blobs/',
  'test/isolation/',
];
/** More failed files than these are no matter of luck. */
const mostAgain = 4;
try {
  if (given.length > 0 || options.testNamePattern) await runPart();
  else if (options.coverage) await runVitest(['--project', 'server', '--project', 'web', '--coverage']);
  else if (options['database-only']) await runVitest(['--project', 'server', ...overDatabase]);
  else await runAll();
} finally {
  await rm(temp, { recursive: true, force: true });
}
if (unsteady.length > 0) console.log(`\nWhat failed once and then passed, a bug to be found:\n${unsteady.join('\n')}`);
if (failures.length > 0) console.log(`\nWhat failed:\n${failures.join('\n')}`);
console.log(`\n${total.passed} passed, ${total.failed} failed, ${total.skipped} skipped`);
process.exitCode = total.failed > 0 ? 1 : 0;

async function runAll(): Promise<void> {
  // Two at a time: one machine with two cores does no better with more, and a busy one times tests out.
  const waiting = [...checks];
  const lane = async (): Promise<void> => {
    for (let check = waiting.shift(); check; check = waiting.shift()) await runCheck(check);
  };
  // The build comes first: SvelteKit writes the types that the web app is checked with.
  await runCheck({ name: 'the web app builds', command: [path.join(root, 'scripts/build-web.ts')] });
  await Promise.all([lane(), lane()]);
  await runVitest(['--project', 'server', '--project', 'mutation', '--project', 'web']);
  if (existsSync(path.join(root, 'test/journeys'))) {
    await requireChromium();
    await runVitest(['--project', 'journeys']);
  }
}

async function runPart(): Promise<void> {
  const hasJourney = given.some((filter) => filter.includes('journeys'));
  if (hasJourney) {
    await requireChromium();
    await runCheck({ name: 'the web app builds', command: [path.join(root, 'scripts/build-web.ts')] });
  }
  const projects = hasJourney ? ['journeys'] : ['server', 'mutation', 'web'];
  const named = options.testNamePattern ? ['-t', options.testNamePattern] : [];
  await runVitest([...projects.flatMap((project) => ['--project', project]), ...named, ...given]);
}

async function runCheck({ name, command: [program, ...args], cwd = '.' }: Check): Promise<void> {
  if (!existsSync(program)) {
    total.failed += 1;
    failures.push(`✗ ${name}: ${path.relative(root, program)} is absent`);
    return;
  }
  const begun = performance.now();
  // What stands in .bin is JavaScript; this Node runs it, whatever `node` in PATH is.
  const { code, output } = await run([program, ...args], { cwd: path.join(root, cwd), show: false });
  const seconds = ((performance.now() - begun) / 1000).toFixed(1);
  total[code === 0 ? 'passed' : 'failed'] += 1;
  console.log(code === 0 ? `✓ ${name} (${seconds} s)` : `✗ ${name} (${seconds} s)\n${output}`);
  if (code !== 0) failures.push(`✗ ${name}\n${indent(output)}`);
}

interface VitestReport {
  numPassedTests: number;
  numFailedTests: number;
  testResults: {
    name: string;
    status: string;
    message: string;
    assertionResults: { fullName: string; status: string; failureMessages?: string[] | null }[];
  }[];
}

async function runVitest(args: string[]): Promise<void> {
  const first = await reportOf(args);
  const { code, report, unhandled } = options.again ? await runAgain(first, args) : first;
  const skipped = (report?.testResults ?? []).flatMap((result) =>
    result.assertionResults
      .filter((test) => test.status !== 'passed' && test.status !== 'failed')
      .map((test) => `${path.relative(root, result.name)}: ${test.fullName}`),
  );
  const hidden = options['skips-fail'] ? skipped.filter((name) => !isExcused(name)) : [];
  const failed = (report?.numFailedTests ?? 0) + hidden.length;
  for (const name of skipped) if (!hidden.includes(name)) console.log(`- skipped: ${name}`);
  failures.push(...hidden.map((name) => `✗ not run: ${name}`), ...tellFailures(report));
  total.passed += report?.numPassedTests ?? 0;
  total.skipped += skipped.length - hidden.length;
  // A file that could not be loaded, or an error outside of any test, has no test to count.
  total.failed += code !== 0 && failed === 0 ? 1 : failed;
  if (code !== 0 && failed === 0) failures.push(`✗ vitest ${args.join(' ')}: ended with ${code} outside of any test`);
  failures.push(...tellUnhandled(unhandled));
}

interface Run {
  readonly code: number | null;
  readonly report: VitestReport | undefined;
  readonly unhandled: readonly Unhandled[];
}

async function reportOf(args: string[]): Promise<Run> {
  const [file, errors] = [path.join(temp, `${reports}.json`), path.join(temp, `${reports++}-unhandled.json`)];
  const own = `--reporter=${path.join(root, 'test/unhandled-reporter.ts')}`;
  const reporters = ['--reporter=default', '--reporter=json', own, `--outputFile.json=${file}`];
  const env = { TINTYPE_UNHANDLED: errors };
  const { code } = await run([bin('vitest'), 'run', ...reporters, ...args], { cwd: root, show: true, env });
  const read = async (name: string) => (existsSync(name) ? JSON.parse(await readFile(name, 'utf8')) : undefined);
  return { code, report: await read(file), unhandled: (await read(errors)) ?? [] };
}

/** The first run, with the files that failed in it as they are the second time. */
async function runAgain(first: Run, args: string[]): Promise<Run> {
  const upset = first.unhandled.map(({ file }) => file);
  const failed = (first.report?.testResults ?? []).filter(
    ({ name, status }) => status === 'failed' || upset.includes(name),
  );
  // Nobody can say which file an error without one belongs to.
  if (upset.includes(null)) return first;
  if (!first.report || first.code === 0 || failed.length === 0 || failed.length > mostAgain) return first;
  console.log(`\nOnce more, by themselves: ${failed.map(({ name }) => path.relative(root, name)).join(', ')}`);
  const second = await reportOf([...args, ...failed.map(({ name }) => name)]);
  const renewed = second.report?.testResults.filter(({ name }) => failed.some((file) => file.name === name)) ?? [];
  if (renewed.length < failed.length) return first;
  const passed = failed.filter(({ name }) => renewed.some((file) => file.name === name && file.status === 'passed'));
  unsteady.push(...tellFailures({ ...first.report, testResults: passed }), ...tellUnhandled(first.unhandled));
  const testResults = first.report.testResults.map((file) => renewed.find(({ name }) => name === file.name) ?? file);
  const count = (status: string) =>
    testResults.flatMap(({ assertionResults }) => assertionResults).filter((test) => test.status === status).length;
  return {
    code: second.code,
    unhandled: second.unhandled,
    report: { numPassedTests: count('passed'), numFailedTests: count('failed'), testResults },
  };
}

function tellFailures(report: VitestReport | undefined): string[] {
  return (report?.testResults ?? [])
    .filter(({ status }) => status === 'failed')
    .flatMap(({ name, message, assertionResults }) => {
      const file = path.relative(root, name);
      const tests = assertionResults.filter(({ status }) => status === 'failed');
      if (tests.length === 0) return [`✗ ${file}\n${indent(message)}`];
      return tests.map((test) => `✗ ${file}: ${test.fullName}\n${indent((test.failureMessages ?? []).join('\n'))}`);
    });
}

function tellUnhandled(errors: readonly Unhandled[]): string[] {
  return errors.map(
    ({ file, text }) => `✗ ${file ? path.relative(root, file) : 'somewhere'}: no test caught\n${indent(text)}`,
  );
}

/** The first lines of what a check or a test says, set in; where it was in vitest says nothing. */
function indent(text: string): string {
  const lines = text.split('\n').filter((line) => line.trim() !== '' && !line.includes('/node_modules/'));
  return lines
    .slice(0, 15)
    .map((line) => `    ${line.slice(0, 300)}`)
    .join('\n');
}

/** The folder with other systems' documents and pictures is no part of the project; without it those tests have nothing to read. */
function isExcused(name: string): boolean {
  return !existsSync(path.join(root, '../shared')) && /shared|corpus/.test(name);
}

function run(
  [script = '', ...args]: string[],
  { cwd, show, env = {} }: { cwd: string; show: boolean; env?: Record<string, string> },
): Promise<{ code: number | null; output: string }> {
  if (stopped) return Promise.resolve({ code: 1, output: 'not run' });
  const child = spawn(process.execPath, [script, ...args], {
    cwd,
    env: { ...process.env, ...env },
    stdio: show ? 'inherit' : ['ignore', 'pipe', 'pipe'],
  });
  running.add(child);
  let output = '';
  child.stdout?.on('data', (chunk) => (output += chunk));
  child.stderr?.on('data', (chunk) => (output += chunk));
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code) => {
      running.delete(child);
      resolve({ code, output });
    });
  });
}

/** Vitest stops its workers and the database on SIGINT; then the test run ends as it was told to. */
function end(signal: NodeJS.Signals): void {
  stopped = true;
  for (const child of running) child.kill('SIGINT');
  process.exitCode = signal === 'SIGINT' ? 130 : 143;
  setTimeout(() => process.exit(), 10_000).unref();
}
