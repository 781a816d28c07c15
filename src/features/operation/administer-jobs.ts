import { requireAllowed } from '#features/access/index.ts';
import { recordAudit } from '#features/audit/index.ts';
import type { Database } from '#platform/database/database.ts';
import { AppError } from '#platform/http/app-error.ts';
import type { Caller } from '#platform/http/caller.ts';
import type { JobDefinition, Jobs } from '#platform/jobs/jobs.ts';
import * as store from './store.ts';

export interface JobDeps {
  readonly database: Database;
  readonly jobs: Jobs;
  /** Every job there is: what it is called in words. */
  readonly definitions: readonly JobDefinition[];
}

const noSuchJob = () =>
  new AppError('not_found', 'There is no such job. Those that are done are forgotten after a while.');

/** What the server has to do, does and has done. What a job is about is told only as far as its definition does. */
export async function listJobs(
  deps: JobDeps,
  caller: Caller,
  { state, ...page }: { state: 'failed' | 'active' | 'waiting' | 'all'; limit: number; offset: number },
) {
  const { principal } = requireAllowed(caller, 'job.administer');
  return deps.database.as(principal, async (tx) => {
    const rows = await store.listJobs(tx, state, page);
    const { all, ...counts } = await store.countJobs(tx);
    return {
      items: rows.map((row) => present(deps, row)),
      total: state === 'all' ? all : counts[state],
      ...page,
      counts,
    };
  });
}

/**
 * Has a failed job tried once more, at once.
 * @throws AppError `not_found`, `conflict` when it has not failed
 */
export async function retryJob(deps: JobDeps, caller: Caller, id: string, address: string): Promise<void> {
  const { principal } = requireAllowed(caller, 'job.administer');
  await deps.database.as(principal, async (tx) => {
    const job = await store.lockJob(tx, id);
    if (!job) throw noSuchJob();
    if (job.state !== 'failed') {
      throw new AppError('conflict', 'This job has not failed, so there is nothing to try again.');
    }
    await deps.jobs.retry(job.name, id, tx);
    await recordAudit(tx, { action: 'job_retried', subject: { kind: 'job', id }, details: { job: job.name }, address });
  });
}

/**
 * Forgets a job. One that comes by the clock will come again.
 * @throws AppError `not_found`, `conflict` while it is worked on
 */
export async function deleteJob(deps: JobDeps, caller: Caller, id: string, address: string): Promise<void> {
  const { principal } = requireAllowed(caller, 'job.administer');
  await deps.database.as(principal, async (tx) => {
    const job = await store.lockJob(tx, id);
    if (!job) throw noSuchJob();
    if (job.state === 'active') {
      throw new AppError('conflict', 'This job is being worked on. Wait until it is done or has failed.');
    }
    await deps.jobs.remove(job.name, id, tx);
    await recordAudit(tx, { action: 'job_deleted', subject: { kind: 'job', id }, details: { job: job.name }, address });
  });
}

function present({ definitions }: JobDeps, row: store.JobRow) {
  const definition = definitions.find(({ name }) => name === row.name);
  const state = row.state === 'created' || row.state === 'retry' ? ('waiting' as const) : row.state;
  return {
    id: row.id,
    name: row.name,
    title: definition?.title ?? row.name,
    state,
    error: row.reason === null || state === 'completed' ? null : withoutNames(row.reason),
    attempts: row.retry_count + (row.started_on && row.state !== 'retry' ? 1 : 0),
    created_at: row.created_on.toISOString(),
    started_at: row.started_on?.toISOString() ?? null,
    completed_at: row.completed_on?.toISOString() ?? null,
    subject: definition?.subject?.(row.data ?? {}) ?? null,
  };
}

/**
 * The first line of an error, without folders of the machine, ids and hashes: what a job failed on may be somebody's, and where the
 * library lies is for whoever has its logs.
 */
const withoutNames = (message: string): string =>
  (message.split('\n', 1)[0] ?? '')
    .slice(0, 2000)
    .replace(/'\/[^']*'/g, '…')
    .replace(/(?<![\w.:/-])\/[^\s'"`/]+(?:\/[^\s'"`/]+)+\/?/g, '…')
    .replace(/[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}|[0-9a-f]{32,}/gi, '…')
    .slice(0, 500);
