import type { PoolConfig } from 'pg';
import type { Logger } from 'pino';
import type { Config } from '#config.ts';
import { startEmbeddedPostgres } from './embedded-postgres.ts';

/** The owner of a library's database, who may do anything in it: for migrating, backups and restoring. */
export interface Owner {
  readonly login: PoolConfig;
  /** Gives the embedded PostgreSQL back; the last one that uses it stops it. */
  close(): Promise<void>;
}

/**
 * Reaches the database as its owner, and changes nothing in it: the one of DATABASE_URL, or the embedded one, which is started or, where
 * a server has it running, joined.
 * @throws EmbeddedPostgresError
 */
export async function openOwner(config: Pick<Config, 'databaseUrl' | 'dataDir'>, logger: Logger): Promise<Owner> {
  if (config.databaseUrl) return { login: { connectionString: config.databaseUrl }, close: async () => {} };
  const { owner, stop } = await startEmbeddedPostgres({ dataDir: config.dataDir, logger });
  return { login: owner, close: stop };
}

/** The login that APP_DATABASE_URL names, if it names one. */
export function namedLogin({ appDatabaseUrl }: Pick<Config, 'appDatabaseUrl'>) {
  if (!appDatabaseUrl) return undefined;
  return { connectionString: appDatabaseUrl, user: decodeURIComponent(new URL(appDatabaseUrl).username) };
}
