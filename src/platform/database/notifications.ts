import { Client, type PoolConfig } from 'pg';
import type { Logger } from 'pino';

/**
 * What the database's triggers announce, e.g. `credential:<id>`, `user:<id>`, `photo:<id>`, `owner:<id>`. `details` are the
 * further parts of those that have more, such as `changed:<user>:<kind>:<what>:<ids>`.
 */
export interface Announcement {
  readonly subject: string;
  readonly id: string;
  readonly details: readonly string[];
}

interface Listener {
  onAnnouncement(announcement: Announcement): void;
  /** Announcements may be missed from here on. */
  onCut(): void;
  /** They are heard again; what was announced in between never comes. */
  onBack?(): void;
}

export interface Notifications {
  /** False while the LISTEN connection is down: what caches hold is then not to be trusted. */
  readonly live: boolean;
  /** Returns the way to stop. */
  subscribe(listener: Listener): () => void;
  close(): Promise<void>;
}

const retryMs = 500;
const heartbeatMs = 5_000;

/**
 * Listens on the channel `tintype` on a connection of its own, and comes back when it is cut.
 * A heartbeat finds connections that died without a word, so a cache outlives its listener by seconds at the most.
 */
export async function listen(deps: { connection: PoolConfig; logger: Logger }): Promise<Notifications> {
  const listeners = new Set<Listener>();
  let client: Client | undefined;
  let live = false;
  let closed = false;
  let retry: NodeJS.Timeout | undefined;

  const cut = (failed: Client): void => {
    if (client !== failed) return;
    client = undefined;
    live = false;
    failed.end().catch(() => {});
    for (const listener of listeners) listener.onCut();
    if (closed) return;
    deps.logger.warn('the connection that hears of revocations was cut; caches are off until it is back');
    retry = setTimeout(reconnect, retryMs);
  };

  const connect = async (): Promise<void> => {
    const next = new Client({ ...deps.connection, keepAlive: true, application_name: 'tintype listens' });
    next.on('error', () => cut(next));
    next.on('end', () => cut(next));
    next.on('notification', ({ payload }) => {
      const [subject, id, ...details] = (payload ?? '').split(':');
      if (subject && id) for (const listener of listeners) listener.onAnnouncement({ subject, id, details });
    });
    await next.connect();
    await next.query('listen tintype');
    client = next;
    live = true;
  };

  const reconnect = (): void => {
    connect().then(
      () => {
        for (const listener of listeners) listener.onBack?.();
      },
      () => {
        if (!closed) retry = setTimeout(reconnect, retryMs);
      },
    );
  };

  const heartbeat = setInterval(() => {
    const beating = client;
    if (!beating) return;
    const late = setTimeout(() => cut(beating), heartbeatMs);
    beating.query('select 1').then(
      () => clearTimeout(late),
      () => cut(beating),
    );
  }, heartbeatMs);
  heartbeat.unref();

  await connect();
  return {
    get live() {
      return live;
    },
    subscribe(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    async close() {
      closed = true;
      clearInterval(heartbeat);
      clearTimeout(retry);
      await client?.end();
    },
  };
}
