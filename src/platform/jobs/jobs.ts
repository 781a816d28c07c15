import type { Pool } from 'pg';
import { fromKysely, type KyselyTransactionLike, PgBoss } from 'pg-boss';
import type { Logger } from 'pino';

/** What a job is, apart from what does it: sending one loads no handler. */
export interface JobDefinition<Data extends object = object> {
  readonly name: string;
  /** What it does, for whoever looks after the library. */
  readonly title: string;
  /** Which of its kind this one is, told without anything that is somebody's. */
  subject?(data: Data): string;
  /** Minutes after which a run counts as lost and is tried again on whichever server is there. */
  readonly expireMinutes: number;
  readonly retries: number;
  /** When it runs by itself, as cron in UTC. */
  readonly cron?: string;
}

/** Type help: `defineJob<{ hash?: string }>({ name: …, title: … })`. */
export const defineJob = <Data extends object>(definition: JobDefinition<Data>): JobDefinition<Data> => definition;

/** A definition and the lazily loaded code that does it. */
export interface JobHandler<Data extends object = object> {
  readonly job: JobDefinition<Data>;
  run(data: Data, signal: AbortSignal): Promise<void>;
}

/** Ties a handler's data to its definition and forgets the type, so that handlers fit one list. */
export const handleJob = <Data extends object>(
  job: JobDefinition<Data>,
  run: (data: Data, signal: AbortSignal) => Promise<void>,
): JobHandler => ({ job, run: (data, signal) => run(data as Data, signal) });

export interface Jobs {
  /**
   * Enqueues a job. With `tx` it is sent when that transaction commits, and only then.
   * Jobs of one name that wait with the same data are one job.
   */
  send<Data extends object>(job: JobDefinition<Data>, data: Data, tx?: KyselyTransactionLike): Promise<void>;
  /** Whether one of this name waits, or was begun within the last minute: long enough for it to show by itself that it is at work. */
  isDue(job: JobDefinition, tx: KyselyTransactionLike): Promise<boolean>;
  /** Has a job that failed tried once more, as soon as `tx` commits; one that has not failed stays as it is. */
  retry(name: string, id: string, tx: KyselyTransactionLike): Promise<void>;
  /** Takes a job out of its queue. */
  remove(name: string, id: string, tx: KyselyTransactionLike): Promise<void>;
  /** Starts to work: every job known must have a handler, else the boot fails. */
  work(handlers: readonly JobHandler[]): Promise<void>;
  /** Waits for the jobs at hand, 20 seconds at the most, and stops. */
  close(): Promise<void>;
}

/**
 * Jobs on the library's own PostgreSQL, shared by all its servers. The queue's tables are made by the migrating owner;
 * this works under the app login.
 * @param deps.definitions every job there is
 */
export async function createJobs(deps: {
  pool: Pool;
  logger: Logger;
  definitions: readonly JobDefinition[];
}): Promise<Jobs> {
  const boss = new PgBoss({
    db: { executeSql: (text, values) => deps.pool.query(text, values as unknown[]) },
    migrate: false,
    createSchema: false,
    reindex: false,
    monitorVacuum: false,
  });
  boss.on('error', (error) => deps.logger.warn({ reason: error.message }, 'the job queue met an error'));
  await boss.start();
  for (const { name, retries, expireMinutes } of deps.definitions) {
    const options = {
      policy: 'short' as const,
      retryLimit: retries,
      retryBackoff: true,
      retryDelay: 5,
      expireInSeconds: expireMinutes * 60,
    };
    await boss.createQueue(name, options);
    await boss.updateQueue(name, {
      retryLimit: retries,
      retryBackoff: true,
      retryDelay: 5,
      expireInSeconds: expireMinutes * 60,
    });
  }

  return {
    async send(job, data, tx) {
      await boss.send(job.name, data, {
        singletonKey: JSON.stringify(data),
        ...(tx ? { db: fromKysely(tx) } : {}),
      });
    },
    async isDue(job, tx) {
      const found = await boss.findJobs(job.name, { db: fromKysely(tx) });
      return found.some(
        ({ state, startedOn }) =>
          state === 'created' || state === 'retry' || (state === 'active' && Date.now() - startedOn.getTime() < 60_000),
      );
    },
    async retry(name, id, tx) {
      await boss.retry(name, id, { db: fromKysely(tx) });
    },
    async remove(name, id, tx) {
      await boss.deleteJob(name, id, { db: fromKysely(tx) });
    },
    async work(handlers) {
      const handled = new Set(handlers.map(({ job }) => job.name));
      const orphan = deps.definitions.find(({ name }) => !handled.has(name));
      if (orphan) throw new Error(`The job ${orphan.name} has no handler.`);
      for (const { job, run } of handlers) {
        await boss.work(
          job.name,
          { pollingIntervalSeconds: 2 },
          async (batch: { data: object; signal: AbortSignal }[]) => {
            for (const { data, signal } of batch) {
              const started = performance.now();
              await run(data ?? {}, signal);
              deps.logger.debug({ job: job.name, ms: Math.round(performance.now() - started) }, 'a job is done');
            }
          },
        );
        if (job.cron) await boss.schedule(job.name, job.cron, {}, { tz: 'UTC' });
      }
    },
    async close() {
      await boss.stop({ graceful: true, timeout: 20_000 });
    },
  };
}
