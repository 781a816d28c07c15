import { mkdir } from 'node:fs/promises';
import { createApp } from './app.ts';
import { type Config, isLoopback } from './config.ts';
import { createConsoleResetLink, hasUsers, newSecret } from './features/accounts/index.ts';
import { openLibrary } from './platform/database/open-library.ts';
import { anonymous } from './platform/database/principal.ts';
import { createLogger } from './platform/observability/logger.ts';
import { startServer } from './server.ts';

/** Serves until SIGTERM or SIGINT, then drains: requests end, jobs end, the embedded database stops last. */
export async function serve({
  config,
  version,
  webRoot,
}: {
  config: Config;
  version: string;
  webRoot: string;
}): Promise<void> {
  const logger = await createLogger(config);
  await mkdir(config.dataDir, { recursive: true });
  const closing: (() => Promise<void>)[] = [];
  let stopping: Promise<void> | undefined;
  const stop = (): Promise<void> => {
    stopping ??= (async () => {
      for (const close of closing.reverse()) {
        await close().catch((error) => logger.error({ err: error }, 'something did not close well'));
      }
    })();
    return stopping;
  };
  for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const) {
    process.on(signal, () => {
      logger.info({ signal }, 'stopping');
      // What keeps the process alive after everything was closed is not waited for.
      void stop().then(() => process.exit(0));
    });
  }

  try {
    const library = await openLibrary(config, logger);
    closing.push(() => library.close());
    const setupToken = await chooseSetupToken(config, library);
    let url = '';
    const app = await createApp({ config, library, logger, version, webRoot, setupToken, address: () => url });
    closing.push(() => app.close());
    const server = await startServer(app, config, logger);
    closing.push(() => server.close());
    url = server.url;
    const address = config.publicUrl ?? url;
    process.stdout.write(`Tintype is ready: open ${setupToken ? `${address}/setup?token=${setupToken}` : address}\n`);
  } catch (error) {
    await stop();
    throw error;
  }
}

/**
 * Who can reach the server from elsewhere must not be able to take an empty library: then the first account needs a
 * token that only whoever started the server saw.
 */
async function chooseSetupToken(
  config: Config,
  library: Awaited<ReturnType<typeof openLibrary>>,
): Promise<string | null> {
  if (isLoopback(config.host) || config.firstAdmin || config.mode === 'single') return null;
  return (await library.database.as(anonymous, hasUsers)) ? null : newSecret();
}

/** Prints a reset link, whether or not a server runs on the library meanwhile. */
export async function printResetLink(config: Config, username: string): Promise<void> {
  const library = await openLibrary(config, await createLogger({ ...config, logLevel: 'warn' }));
  try {
    const path = await createConsoleResetLink(library, username);
    process.stdout.write(
      `Open this once, within an hour: ${config.publicUrl ?? `http://${config.host}:${config.port}`}${path}\n`,
    );
  } finally {
    await library.close();
  }
}

/** Migrates and ends: for deployments that do this before the servers start. */
export async function migrateOnce(config: Config): Promise<void> {
  const logger = await createLogger(config);
  const library = await openLibrary(config, logger);
  await library.close();
  process.stdout.write('The database is up to date.\n');
}
