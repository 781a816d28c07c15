import type { z } from '@hono/zod-openapi';
import { AppError } from '#platform/http/app-error.ts';
import type { Settings, SettingsChange } from './settings-contract.ts';

/** What decides a setting that is no person's own. */
const decidedBy: Readonly<Record<string, string>> = {
  'backend.local_url': 'INVOKEAI_LOCAL_URL decides',
  'backend.remote_url': 'the machine that is rented decides',
  'backend.idle_timeout_minutes': 'RUNPOD_IDLE_TIMEOUT decides',
  'retrieval.max_attempts': 'RETRIEVAL_MAX_ATTEMPTS decides',
  'retrieval.retry_delay': 'this is the same everywhere',
  'retrieval.parallel_retrievals': 'this is the same everywhere',
  'limits.max_batch_size': 'MAX_BATCH_SIZE decides',
};

/**
 * A client may send back all that it was answered. What holds for everybody must then be as it is: it comes from the server's
 * configuration. What was measured, the costs, is not looked at: it has gone on since.
 * @throws AppError `validation_error` that names the field and what decides it
 */
export function requireAsConfigured(asked: z.infer<typeof SettingsChange>, now: z.infer<typeof Settings>): void {
  for (const section of ['backend', 'retrieval', 'limits'] as const) {
    for (const [name, value] of Object.entries(asked[section] ?? {})) {
      const field = `${section}.${name}`;
      const held = (now[section] as Readonly<Record<string, unknown>> | null)?.[name];
      if (field === 'backend.mode' || value === undefined || value === held) continue;
      const why = decidedBy[field] ?? 'the server decides';
      throw new AppError('validation_error', `${field}: This cannot be changed here; ${why}.`, { field });
    }
  }
}
