import { randomBytes } from 'node:crypto';
import { Client, type PoolConfig } from 'pg';
import { afterAll, inject } from 'vitest';
import { type Database, openDatabase } from '#platform/database/database.ts';
import './database-setup.ts';

/** A migrated, empty library for one test file. */
export interface TestDatabase {
  /** Under the app login, as the server has it. */
  readonly database: Database;
  readonly app: PoolConfig;
  /** The migrating owner, for tests that look from outside. */
  readonly owner: PoolConfig;
  readonly secret: Buffer;
}

/**
 * Gives the calling test file (or `describe`) its own copy of the migrated template. It is dropped after the last test,
 * and stays when one failed. Call it at the top level of the file, with `await`.
 */
export async function createTestDatabase(): Promise<TestDatabase> {
  const shared = inject('postgres');
  const name = `${shared.template}_${randomBytes(4).toString('hex')}`;
  await execute(shared.owner, `create database ${name} template ${shared.template}`);
  const app = { ...shared.app, database: name };
  const database = openDatabase(app, { connections: 8 });
  // biome-ignore lint/correctness/noEmptyPattern: vitest reads the first parameter's pattern and takes no name there.
  afterAll(async ({}, suite) => {
    await database.close();
    if (suite.tasks.some(hasFailed)) return;
    // Whatever a test left connected goes with it.
    await execute(shared.owner, `drop database ${name} with (force)`);
  });
  return { database, app, owner: { ...shared.owner, database: name }, secret: Buffer.from(shared.secret, 'base64') };
}

interface Task {
  readonly result?: { readonly state: string };
  readonly tasks?: readonly Task[];
}

function hasFailed(task: Task): boolean {
  return task.result?.state === 'fail' || (task.tasks ?? []).some(hasFailed);
}

async function execute(owner: PoolConfig, text: string): Promise<void> {
  const client = new Client(owner);
  await client.connect();
  await client.query(text).finally(() => client.end());
}
