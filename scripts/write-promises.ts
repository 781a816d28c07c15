import { spawn } from 'node:child_process';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Count, promises } from '../test/promises.ts';

// `npm run promises`: runs the tests at full scale and writes docs/promises.md from what they counted. With the folder of a run
// that TINTYPE_PROMISES named, it takes that run's counts.
const root = join(import.meta.dirname, '..');
const given = process.argv[2];
const folder = given ?? (await mkdtemp(join(tmpdir(), 'tintype-promises-')));
try {
  const code = given ? 0 : await runTests();
  if (code !== 0) throw new Error(`The tests failed (${code}), so nothing was written.`);
  const counts = await readCounts();
  await writeFile(join(root, 'docs/promises.md'), page(counts));
  process.stdout.write(`docs/promises.md written from ${counts.length} counts.\n`);
} finally {
  if (!given) await rm(folder, { recursive: true, force: true });
}

function runTests(): Promise<number> {
  const vitest = join(root, 'node_modules/.bin/vitest');
  const child = spawn(vitest, ['run', '--project', 'server', '--project', 'mutation'], {
    cwd: root,
    stdio: 'inherit',
    env: { ...process.env, TINTYPE_PROMISES: folder, TINTYPE_TEST_SCALE: 'full' },
  });
  return new Promise((resolve) => child.on('exit', (status) => resolve(status ?? 1)));
}

async function readCounts(): Promise<Count[]> {
  const files = await readdir(folder);
  const texts = await Promise.all(files.map((file) => readFile(join(folder, file), 'utf8')));
  const lines = texts.flatMap((text) => text.trim().split('\n')).map((line) => JSON.parse(line) as Count);
  // Rounds of one test are one line.
  const together = Map.groupBy(lines, ({ promise, what }) => `${promise} ${what}`);
  const sum = (counts: readonly Count[], of: 'tried' | 'held') => counts.reduce((all, count) => all + count[of], 0);
  return [...together.values()]
    .map((counts) => ({ ...(counts[0] as Count), tried: sum(counts, 'tried'), held: sum(counts, 'held') }))
    .sort((a, b) => a.promise - b.promise || a.what.localeCompare(b.what));
}

function page(counts: readonly Count[]): string {
  const sections = Object.entries(promises).map(([number, text]) => {
    const own = counts.filter((count) => count.promise === Number(number));
    if (own.length === 0) return `## ${number}. ${text}\n\nNo test counts this yet.`;
    const rows = own.map(({ what, tried, held, seed }) => `| ${what} | ${tried} | ${held} | ${seed ?? ''} |`);
    return `## ${number}. ${text}\n\n| what | tried | held | seed |\n|---|---|---|---|\n${rows.join('\n')}`;
  });
  return `# Promises

What the server promises, and how often the tests tried it and it held. Written by \`npm run promises\` from the tests at full
scale, never by hand.

${sections.join('\n\n')}
`;
}
