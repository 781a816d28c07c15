import type { OutputOf } from '#lib/api-schema.ts';
import { formatAgo } from '#lib/format-moment.ts';

export type JobPage = OutputOf<'get', '/admin/jobs'>;
export type Job = JobPage['items'][number];

/** What can be asked for, as the page's address and its tabs name it. */
export const jobStates = [
  { state: 'failed', label: 'Failed' },
  { state: 'active', label: 'Running' },
  { state: 'waiting', label: 'Waiting' },
  { state: 'all', label: 'All' },
] as const;

export type JobState = (typeof jobStates)[number]['state'];

/** What the address asks for; what it cannot mean is the first. */
export function stateOf(asked: string | null): JobState {
  return jobStates.find(({ state }) => state === asked)?.state ?? 'failed';
}

/** What an empty list says. */
export const nothingThere: Record<JobState, { title: string; text: string }> = {
  failed: {
    title: 'Nothing has failed',
    text: 'A job that was given up is listed here, with the reason and a way to try it again.',
  },
  active: { title: 'Nothing is running', text: 'Jobs take seconds at most times. This page looks again by itself.' },
  waiting: { title: 'Nothing waits', text: 'What the server has put off until it has time is listed here.' },
  all: { title: 'No jobs at all', text: 'They come with deletions and with the clock, every hour and every night.' },
};

/** `Failed 5 minutes ago`. */
export function describeTime(job: Pick<Job, 'state' | 'created_at' | 'started_at' | 'completed_at'>): string {
  switch (job.state) {
    case 'failed':
      return `Failed ${formatAgo(job.completed_at ?? job.created_at)}`;
    case 'active':
      return `Began ${formatAgo(job.started_at ?? job.created_at)}`;
    case 'waiting':
      return `Asked for ${formatAgo(job.created_at)}`;
    case 'cancelled':
      return `Called off ${formatAgo(job.completed_at ?? job.created_at)}`;
    case 'completed':
      return `Done ${formatAgo(job.completed_at ?? job.created_at)}`;
  }
}

/** As a tag beside the job. */
export const stateWords: Record<Job['state'], string> = {
  failed: 'Failed',
  active: 'Running',
  waiting: 'Waiting',
  completed: 'Done',
  cancelled: 'Called off',
};
