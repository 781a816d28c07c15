import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pino } from 'pino';
import { startEmbeddedPostgres } from '#platform/database/embedded-postgres.ts';
import { migrate } from '#platform/database/migrate.ts';
import { configurationPage, envExample } from './configuration-docs.ts';
import { schemaPage } from './schema-docs.ts';

// `npm run docs` writes what is derived from the code; with --check it says what is out of date and ends with 1.
const check = process.argv.includes('--check');
const root = join(import.meta.dirname, '..');

const dataDir = await mkdtemp(join(tmpdir(), 'tintype-docs-'));
const postgres = await startEmbeddedPostgres({ dataDir, logger: pino({ level: 'silent' }), durable: false });
let schema: string;
try {
  await migrate({ owner: postgres.owner });
  schema = await schemaPage(postgres.owner);
} finally {
  await postgres.stop();
  await rm(dataDir, { recursive: true, force: true });
}

const pages = { 'docs/schema.md': schema, 'docs/configuration.md': configurationPage(), '.env.example': envExample() };
for (const [path, text] of Object.entries(pages)) {
  const file = join(root, path);
  if ((await readFile(file, 'utf8').catch(() => '')) === text) continue;
  if (check) {
    process.stderr.write(`${path} is out of date: run npm run docs.\n`);
    process.exitCode = 1;
  } else {
    await writeFile(file, text);
    process.stdout.write(`${path} written\n`);
  }
}
