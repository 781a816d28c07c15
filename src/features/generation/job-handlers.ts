import { handleJob, type JobHandler } from '#platform/jobs/jobs.ts';
import type { GenerationDeps } from './deps.ts';
import * as definitions from './jobs.ts';

export const generationJobs = Object.values(definitions);

/** The code behind this feature's jobs; each loads when it first runs. */
export const generationJobHandlers = (deps: Pick<GenerationDeps, 'database' | 'backends' | 'logger'>): JobHandler[] => [
  handleJob(definitions.refreshModels, async (_, signal) => {
    const { collectModels } = await import('./collect-models.ts');
    const { sweepSteps } = await import('./sweep-steps.ts');
    await collectModels(deps, signal);
    await sweepSteps(deps);
  }),
  handleJob(definitions.lookAfterPod, async (_, signal) => {
    await deps.backends.pod?.look(signal);
  }),
];
