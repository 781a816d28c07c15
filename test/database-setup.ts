import { randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { Client, type PoolConfig } from 'pg';
import { pino } from 'pino';
import type { TestProject } from 'vitest/node';
import { startEmbeddedPostgres } from '#platform/database/embedded-postgres.ts';
import { migrate } from '#platform/database/migrate.ts';

/** What the test files are told of the PostgreSQL they share; it crosses a process border, so it is plain data. */
export interface SharedPostgres {
  /** The owner, connected to a database that is not a template. */
  readonly owner: PoolConfig;
  /** A migrated database to copy. */
  readonly template: string;
  /** The login that the servers work under; its database is the template's. */
  readonly app: PoolConfig;
  /** The library's secret, base64. */
  readonly secret: string;
}

declare module 'vitest' {
  interface ProvidedContext {
    postgres: SharedPostgres;
  }
}

/**
 * Once for the whole run: a PostgreSQL of its own in the temp folder, or the one that TEST_DATABASE_URL names, and in it
 * one migrated template.
 */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const server = await openServer(process.env.TEST_DATABASE_URL);
  const template = `tintype_test_${randomBytes(4).toString('hex')}`;
  try {
    await execute(server.owner, `create database ${template}`);
    const { app, secret } = await migrate({ owner: { ...server.owner, database: template } });
    project.provide('postgres', { owner: server.owner, template, app, secret: secret.toString('base64') });
    return async () => {
      await execute(server.owner, `drop database if exists ${template} with (force)`);
      const kept = await keptDatabases(server.owner, template);
      // The login has rights in the kept ones, and then it cannot be dropped.
      if (kept.length === 0) await execute(server.owner, `drop role if exists ${app.user}`);
      await server.close(kept);
    };
  } catch (error) {
    await server.close([]);
    throw error;
  }
}

interface TestServer {
  owner: PoolConfig;
  /** @param kept databases of test files that failed */
  close(kept: string[]): Promise<void>;
}

async function openServer(url: string | undefined): Promise<TestServer> {
  if (url) {
    return { owner: toPoolConfig(url), close: async (kept) => report(kept, 'the server of TEST_DATABASE_URL') };
  }
  const dataDir = await mkdtemp(path.join(tmpdir(), 'tintype-test-'));
  const embedded = await startEmbeddedPostgres({
    dataDir,
    logger: pino({ level: 'silent' }),
    durable: false,
    settings: { max_connections: '120' },
  });
  return {
    owner: embedded.owner,
    close: async (kept) => {
      await embedded.stop();
      if (kept.length === 0) await rm(dataDir, { recursive: true, force: true });
      report(kept, dataDir);
    },
  };
}

function report(kept: string[], where: string): void {
  if (kept.length > 0) console.log(`Kept for a look, in ${where}: ${kept.join(', ')}`);
}

/** The parts of a URL by name, so that another database or login can be put in their place. */
function toPoolConfig(text: string): PoolConfig {
  const url = new URL(text);
  return {
    host: url.searchParams.get('host') ?? decodeURIComponent(url.hostname),
    port: Number(url.searchParams.get('port') ?? (url.port || 5432)),
    user: decodeURIComponent(url.username),
    password: url.password ? decodeURIComponent(url.password) : undefined,
    database: decodeURIComponent(url.pathname.slice(1)) || 'postgres',
  };
}

async function execute(owner: PoolConfig, text: string): Promise<void> {
  const client = new Client(owner);
  await client.connect();
  await client.query(text).finally(() => client.end());
}

async function keptDatabases(owner: PoolConfig, template: string): Promise<string[]> {
  const client = new Client(owner);
  await client.connect();
  const { rows } = await client
    .query<{ name: string }>('select datname as name from pg_database where starts_with(datname, $1)', [`${template}_`])
    .finally(() => client.end());
  return rows.map((row) => row.name);
}
