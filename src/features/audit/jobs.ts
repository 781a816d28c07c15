import { defineJob, handleJob, type JobHandler } from '#platform/jobs/jobs.ts';
import type { SweepDeps } from './sweep-audit.ts';

const sweepAudit = defineJob<Record<string, never>>({
  name: 'audit.sweep',
  title: 'Forget old entries of the audit log',
  expireMinutes: 10,
  retries: 3,
  cron: '27 4 * * *',
});

export const auditJobs = [sweepAudit];

/** The code behind this feature's job. */
export const auditJobHandlers = (deps: SweepDeps): JobHandler[] => [
  handleJob(sweepAudit, async () => {
    const { sweepAudit: sweep } = await import('./sweep-audit.ts');
    await sweep(deps);
  }),
];
