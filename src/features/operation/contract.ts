import { z } from '@hono/zod-openapi';
import { dateTime, id, listOf, page } from '#platform/http/contract.ts';

const Job = z
  .strictObject({
    id,
    name: z.string(),
    title: z.string().openapi({ description: 'What it does, in words' }),
    state: z.enum(['waiting', 'active', 'completed', 'failed', 'cancelled']),
    error: z.string().nullable().openapi({ description: 'Why the last attempt failed' }),
    attempts: z.int(),
    created_at: dateTime,
    started_at: dateTime.nullable(),
    completed_at: dateTime.nullable(),
    subject: z.string().nullable().openapi({ description: 'Which of its kind this is, without what is anybody’s' }),
  })
  .openapi('Job');

export const JobList = listOf(Job)
  .extend({ counts: z.strictObject({ waiting: z.int(), active: z.int(), completed: z.int(), failed: z.int() }) })
  .openapi('JobList');

export const JobQuery = z.strictObject({
  state: z.enum(['failed', 'active', 'waiting', 'all']).default('all'),
  ...page,
});
