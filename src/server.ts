import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { getRequestListener } from '@hono/node-server';
import type { Logger } from 'pino';
import type { createApp } from './app.ts';
import type { Config } from './config.ts';
import { bearOwnSilence, lingerAfterAnswer } from './platform/http/linger.ts';

export interface RunningServer {
  /** `http://127.0.0.1:8000`: what a person opens. */
  readonly url: string;
  /** Takes no new connections, lets requests end for ten seconds at the most, then cuts what is left. */
  close(): Promise<void>;
}

type App = Pick<Awaited<ReturnType<typeof createApp>>, 'app' | 'serveBytes' | 'endStreams'>;

const drainMs = 10_000;

/** Listens: requests for bytes are answered on bare `node:http`, everything else by the app. */
export async function startServer(
  { app, serveBytes, endStreams }: App,
  config: Pick<Config, 'host' | 'port'>,
  logger: Logger,
): Promise<RunningServer> {
  // Its own way with bodies that nobody read gives a client half a second.
  const answer = getRequestListener(app.fetch, { overrideGlobalObjects: false, autoCleanupIncoming: false });
  // A request without a body gets no stream to be read and ended: a seventh of what a thumbnail costs.
  const server = createServer({ optimizeEmptyRequests: true }, (request, response) => {
    if (serveBytes(request, response)) return;
    lingerAfterAnswer(request, response);
    bearOwnSilence(request, response);
    void answer(request, response);
  });
  // Large files over slow lines take their time; a line that is silent for two minutes is dropped instead.
  server.requestTimeout = 0;
  server.headersTimeout = 30_000;
  server.timeout = 120_000;
  // That goes for idle connections as well: a second timer, set and reset around every answer, costs a thumbnail dearly.
  server.keepAliveTimeout = 0;

  await new Promise<void>((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => reject(explain(error, config)));
    server.listen(config.port, config.host, resolve);
  });
  server.on('error', (error) => logger.error({ err: error }, 'the server met an error'));
  return { url: urlOf(server, config.host), close: () => drain(server, endStreams) };
}

function urlOf(server: Server, host: string): string {
  const { port } = server.address() as AddressInfo;
  const everywhere = host === '0.0.0.0' || host === '::';
  const shown = everywhere ? 'localhost' : host.includes(':') ? `[${host.replace(/[[\]]/g, '')}]` : host;
  return `http://${shown}:${port}`;
}

function explain(error: NodeJS.ErrnoException, { host, port }: Pick<Config, 'host' | 'port'>): Error {
  const sentences: Record<string, string> = {
    EADDRINUSE: `PORT: something listens on port ${port} already. Stop it, or set PORT to another.`,
    EACCES: `PORT: listening on port ${port} is not permitted. Take one above 1023.`,
    EADDRNOTAVAIL: `HOST: "${host}" is no address of this machine.`,
    ENOTFOUND: `HOST: "${host}" is no address of this machine.`,
  };
  return new Error(sentences[error.code ?? ''] ?? error.message, { cause: error });
}

function drain(server: Server, endStreams: () => void): Promise<void> {
  return new Promise((resolve) => {
    const cut = setTimeout(() => server.closeAllConnections(), drainMs);
    server.close(() => {
      clearTimeout(cut);
      resolve();
    });
    endStreams();
    server.closeIdleConnections();
  });
}
