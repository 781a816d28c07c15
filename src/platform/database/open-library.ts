import type { Logger } from 'pino';
import type { Config } from '#config.ts';
import { type Database, openDatabase } from './database.ts';
import { migrate } from './migrate.ts';
import { listen, type Notifications } from './notifications.ts';
import { namedLogin, openOwner } from './open-owner.ts';
import { requireRowLevelSecurity } from './row-level-security.ts';

/** An open library: its database is migrated and people's rows are known to be kept apart. */
export interface Library {
  readonly database: Database;
  readonly notifications: Notifications;
  /** 32 bytes that all servers of the library share. */
  readonly secret: Buffer;
  close(): Promise<void>;
}

const connections = 10;

/**
 * Starts or reaches the database, migrates it as its owner, and goes on under the login that has no privileges.
 * @throws EmbeddedPostgresError, MigrationError or IsolationError, each with a sentence for whoever starts the server
 */
export async function openLibrary(config: Config, logger: Logger): Promise<Library> {
  const owner = await openOwner(config, logger);
  const opened: (() => Promise<unknown>)[] = [owner.close];
  const close = async (): Promise<void> => {
    for (const end of opened.splice(0).reverse()) await end();
  };
  try {
    const { app: login, secret } = await migrate({ owner: owner.login, app: namedLogin(config) });
    const database = openDatabase(
      { ...login, application_name: 'tintype' },
      {
        connections,
        onLost: (error) => logger.warn({ reason: error.message }, 'an idle database connection was lost'),
      },
    );
    opened.push(database.close);
    await requireRowLevelSecurity(database.pool);
    const notifications = await listen({ connection: login, logger });
    opened.push(() => notifications.close());
    return { database, notifications, secret, close };
  } catch (error) {
    await close();
    throw error;
  }
}
